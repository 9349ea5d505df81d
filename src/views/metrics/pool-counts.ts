import { REPORT_VERDICTS } from "../../core/feedback.ts";
import type { PoolEvent } from "../../core/journal-event.ts";
import type { PingResult, PingRole, RoutineEvent } from "../../core/routine.ts";
import type { Cause, Snapshot } from "../../core/snapshot.ts";
import { Histogram } from "./histogram.ts";
import { ServerCounts } from "./server-counts.ts";
import { Tally } from "./tally.ts";

/** What may change a head, by what happened to the list. */
const CHANGES_HEAD: Readonly<Record<Cause["occurrence"], boolean>> = {
  started: false,
  "primary-added": true,
  "backups-reported": true,
  "heartbeat-received": true,
  "server-failed": true,
  "server-removed": true,
  "server-found": true,
  "server-barred": true,
  "server-admitted": true,
  "server-resolved": false,
  "address-answered": false,
  "address-failed": false,
  "configuration-changed": true,
  rebalanced: true,
};

const HEAD_CAUSES = (Object.keys(CHANGES_HEAD) as Cause["occurrence"][]).filter(
  (occurrence) => CHANGES_HEAD[occurrence],
);
const ROLES: readonly PingRole[] = ["head", "standby", "candidate"];
const PING_RESULTS: readonly PingResult[] = [
  "ok",
  "timeout",
  "refused",
  "closed",
  "unusable",
  "tls",
  "local",
];

/** From a neighbour (0.5 ms) over another continent (100 ms) to the default time limit (0.5 s) and twice that. */
const PING_BOUNDS_SECONDS = [0.000_5, 0.001, 0.002_5, 0.005, 0.025, 0.1, 0.5, 1];

/** At once, with a standby (1 ms), by a search (25 ms to 0.5 s), after an outage (10 s and more). */
const FAILOVER_BOUNDS_SECONDS = [0.001, 0.005, 0.025, 0.1, 0.5, 2, 10, 60];

/** When an entry is taken. */
interface Moment {
  /** The list as it is now. */
  readonly snapshot: Snapshot;
  /** By `Clock.now`. */
  readonly now: number;
}

type CountOf = {
  readonly [Kind in PoolEvent["kind"]]?: (event: Extract<PoolEvent, { kind: Kind }>, moment: Moment) => void;
};

/**
 * What happened to one pool, counted from its journal and from what the journal leaves out. Times are by `Clock.now`.
 */
export class PoolCounts {
  readonly headChanges = new Tally(HEAD_CAUSES);
  readonly pings = new Map(ROLES.map((role) => [role, new Tally(PING_RESULTS)]));
  readonly pingDuration = new Histogram(PING_BOUNDS_SECONDS);
  readonly failoverDuration = new Histogram(FAILOVER_BOUNDS_SECONDS);
  readonly heartbeats = new Tally(["ok", "failed"]);
  readonly rebalances = new Tally(["changed", "kept", "failed"]);
  readonly feedback = new Tally([...REPORT_VERDICTS, "limited"]);
  readonly servers = new ServerCounts();
  #outages = 0;
  #outageMs = 0;
  #outageSince: number | undefined;
  #headSince = 0;
  /** When the failures were noticed whose next head is not published yet. */
  #unpublished: number[] = [];

  /** What is counted of the journal; of other events nothing is. */
  readonly #countOf: CountOf = {
    "list-changed": ({ cause }, { now, snapshot }) => {
      this.servers.follow(snapshot, now);
      this.#noteReported(cause);
    },
    "head-changed": (event, { now }) => {
      this.#headChanged(event, now);
    },
    "server-penalised": ({ server }, { now }) => {
      this.servers.failed(server);
      this.servers.down(server, now);
    },
    "standby-up": ({ server }, { now }) => {
      this.servers.up(server, now);
    },
    "outage-began": (_event, { now }) => {
      this.#outages += this.#outageSince === undefined ? 1 : 0;
      this.#outageSince ??= now;
    },
    "outage-ended": (_event, { now }) => {
      this.#outageMs = this.#outageMsAt(now);
      this.#outageSince = undefined;
    },
    heartbeat: () => {
      this.heartbeats.add("ok");
    },
    "heartbeat-failed": () => {
      this.heartbeats.add("failed");
    },
  };

  /** Takes an entry of the pool's journal. */
  take(event: PoolEvent, moment: Moment): void {
    // The key is the event's own kind, so the function takes this event.
    const count = this.#countOf[event.kind] as ((event: PoolEvent, moment: Moment) => void) | undefined;
    count?.(event, moment);
  }

  observe(event: RoutineEvent, now: number): void {
    switch (event.kind) {
      case "pinged":
        this.#pinged(event, now);
        return;
      case "rebalance-ended":
        this.rebalances.add(event.result);
        return;
      case "reported":
        this.feedback.add(event.verdict);
        return;
      case "heartbeat-pushed":
        this.heartbeats.add("ok");
    }
  }

  /** DNS answers with the present head. */
  published(now: number): void {
    for (const noticedAt of this.#unpublished.splice(0)) {
      this.failoverDuration.add((now - noticedAt) / 1000);
    }
  }

  get outages(): number {
    return this.#outages;
  }

  /** With the part of the present one that is over. */
  outageSeconds(now: number): number {
    return this.#outageMsAt(now) / 1000;
  }

  #outageMsAt(now: number): number {
    return this.#outageMs + (this.#outageSince === undefined ? 0 : now - this.#outageSince);
  }

  #pinged({ result, role, server, tookMs }: Extract<RoutineEvent, { kind: "pinged" }>, now: number): void {
    this.pings.get(role)?.add(result);
    if (result === "ok" && role === "head") {
      this.servers.up(server, now);
    }
    if (tookMs !== undefined) {
      this.pingDuration.add(tookMs / 1000);
    }
  }

  /** What health finds is noted with its penalty. */
  #noteReported({ occurrence, server, source }: Cause): void {
    if (occurrence === "server-failed" && !["health", "feedback"].includes(source) && server !== undefined) {
      this.servers.failed(server);
    }
  }

  /** The failure was noticed when the head was found down, but not before it was the head. */
  #headChanged(
    { cause, head, previousHead = "" }: Extract<PoolEvent, { kind: "head-changed" }>,
    now: number,
  ): void {
    this.headChanges.add(cause.occurrence);
    if (cause.occurrence === "server-failed" && head !== undefined) {
      const foundAt = this.servers.downSince(previousHead) ?? now;
      this.#unpublished.push(Math.max(foundAt, this.#headSince));
    }
    this.#headSince = now;
  }
}
