import { earliestFailback } from "./decide.ts";
import type { Health, View } from "./health-state.ts";
import type { Watched, Watches } from "./watches.ts";

/** What the monitor sees, for people and metrics. */
export interface HealthStatus {
  /** `none`: no server listed; `down`: no listed server answers, the list stays as it is. */
  readonly phase: "none" | "checking" | "up" | "down";
  readonly servers: readonly Watched[];
  /** When the list may go back to a primary that answers again, by `Clock.now`; `undefined` when none is to. */
  readonly failbackAt: number | undefined;
}

/** Of a pool whose servers nobody watches. */
export const UNWATCHED: HealthStatus = Object.freeze({ phase: "none", servers: [], failbackAt: undefined });

export function healthStatus(
  watches: Pick<Watches, "of" | "states">,
  { search }: Health,
  view: View,
): HealthStatus {
  return {
    phase: phaseOf(watches.of("head")?.state.phase, search?.isConfirmed === true),
    servers: watches.states(),
    failbackAt: earliestFailback(view),
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
