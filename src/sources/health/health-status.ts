import type { DownServer, IfHeadFails } from "../../core/pool-view.ts";
import { earliestFailback } from "./decide.ts";
import type { HeadSearch } from "./head-search.ts";
import type { Health, View } from "./health-state.ts";
import { ifHeadFails } from "./if-head-fails.ts";
import { downServers } from "./server-health.ts";
import type { Planned } from "./turns.ts";
import type { Watched, Watches } from "./watches.ts";

/** What the monitor sees, for people and metrics. */
export interface HealthStatus {
  /** `none`: no server listed; `down`: no listed server answers, the list stays as it is. */
  readonly phase: "none" | "checking" | "up" | "down";
  readonly servers: readonly Watched[];
  /** When the list may go back to a primary that answers again, by `Clock.now`; `undefined` when none is to. */
  readonly failbackAt: number | undefined;
  /** In an outage, the server that is asked next, besides those that are watched. */
  readonly probe: Planned | undefined;
  readonly down: readonly DownServer[];
  readonly ifHeadFails: IfHeadFails;
}

/** Of a pool whose servers nobody watches. */
export const UNWATCHED: Omit<HealthStatus, "ifHeadFails"> = Object.freeze({
  phase: "none",
  servers: [],
  failbackAt: undefined,
  probe: undefined,
  down: [],
});

export function healthStatus(
  watches: Pick<Watches, "of" | "states">,
  search: Pick<HeadSearch, "next">,
  health: Health,
  view: View,
): HealthStatus {
  return {
    phase: phaseOf(watches.of("head")?.state.phase, health.search?.isConfirmed === true),
    servers: watches.states(),
    failbackAt: earliestFailback(view),
    probe: health.search?.isConfirmed === true ? search.next() : undefined,
    down: downServers(health.records),
    ifHeadFails: ifHeadFails(health, view),
  };
}

function phaseOf(head: "connecting" | "up" | "down" | undefined, isOutage: boolean): HealthStatus["phase"] {
  if (head === undefined) {
    return "none";
  }
  if (isOutage) {
    return "down";
  }
  return head === "up" ? "up" : "checking";
}
