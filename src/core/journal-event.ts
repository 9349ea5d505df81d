/** What is noteworthy. Lists of keys in an event are bounded; servers are named by their keys. */
import type { PoolsChange } from "./config-view.ts";
import type { ReportVerdict } from "./feedback.ts";
import type { Cause, Tier } from "./snapshot.ts";
import type { Change } from "./snapshot-feed.ts";
import type { Why } from "./why.ts";

/** Of a pool's list, and of the sources that feed it. */
export type PoolEvent =
  /** One change of the list. */
  | ({ readonly kind: "list-changed" } & Change)
  /** After the change of the list that made it so. */
  | {
      readonly kind: "head-changed";
      readonly head: string | undefined;
      readonly previousHead: string | undefined;
      /** Of the head; absent without a head. */
      readonly tier?: Tier | undefined;
      /** Milliseconds for which the previous head was the head, as the wall clock counts. */
      readonly heldMs?: number | undefined;
      readonly revision: number;
      readonly cause: Cause;
    }
  /** After the change of the list that made it so; "" while there is no leader. */
  | {
      readonly kind: "leader-changed";
      readonly leader: string;
      readonly previousLeader: string;
      readonly numNodes: number;
    }
  /** A head that was a backup was followed by a primary that answers again. */
  | { readonly kind: "failback"; readonly server: string }
  /** A rebalance found no other order: so many servers were asked, and so many answered. */
  | { readonly kind: "rebalance-kept"; readonly pinged: number; readonly answered: number }
  /** Noted before the list changes: `head` takes the place of `server`. `by`: it was next, or the first to answer. */
  | ({
      readonly kind: "head-failed";
      readonly server: string;
      readonly head: string;
      readonly by: "next" | "search";
    } & Why)
  | ({ readonly kind: "standby-down"; readonly server: string } & Why)
  /** A program reported the server. `text`: what came of it; `isNews`: the last report did not come to the same. */
  | {
      readonly kind: "feedback";
      readonly server: string;
      readonly client: string;
      readonly verdict: ReportVerdict;
      /** What the program says of it. */
      readonly reason: string | undefined;
      readonly text: string;
      /** Milliseconds; absent when the server was not asked. */
      readonly tookMs: number | undefined;
      readonly isNews: boolean;
    }
  /** This machine could not ask the server: nothing is proved about it. Told once a minute at most. */
  | { readonly kind: "local-trouble"; readonly server: string; readonly reason: string }
  /** A server that was down answers, and is the head. `downMs`: since it was found down. */
  | { readonly kind: "server-up"; readonly server: string; readonly downMs?: number | undefined }
  /** The next server was down, and answers. */
  | { readonly kind: "standby-up"; readonly server: string; readonly downMs: number }
  /** The server failed so many times lately, and is not chosen for so many milliseconds where there is a choice. */
  | {
      readonly kind: "server-penalised";
      readonly server: string;
      readonly failures: number;
      readonly forMs: number;
    }
  /** No listed server answers. `reason`: why the head is down. */
  | ({ readonly kind: "outage-began"; readonly servers: number } & Why)
  /** `server`: the head that answers; absent when nobody answered, but the list is another one. */
  | { readonly kind: "outage-ended"; readonly server?: string | undefined; readonly lastedMs: number }
  | {
      readonly kind: "address-failed";
      readonly server: string;
      readonly address: string;
      readonly reason: string;
    }
  | { readonly kind: "address-answered"; readonly server: string; readonly address: string }
  /** `lastHeartbeatAt`: milliseconds since the Unix epoch; absent before the first heartbeat. */
  | {
      readonly kind: "contact-changed";
      readonly contact: "held" | "orphaned";
      readonly lastHeartbeatAt?: number | undefined;
    }
  /**
   * Of the configuration, while the agent runs, or of questions (`onDemand`). `changed`: keys within the pool.
   */
  | { readonly kind: "pool-added"; readonly onDemand: boolean }
  | { readonly kind: "pool-removed" }
  | { readonly kind: "pool-changed"; readonly changed: readonly string[] }
  | { readonly kind: "configured-server-refused"; readonly reason: string }
  /** Noted before the list changes: so many servers come from the state file, and so old is what it says of them. */
  | { readonly kind: "state-restored"; readonly servers: number; readonly ageMs: number }
  /** What the state file says of so many servers is too old: they are not listed, or leave now. */
  | { readonly kind: "state-expired"; readonly servers: number; readonly ageMs: number }
  | HeartbeatEvent
  | ConsulEvent
  | RegionEvent;

/** What heartbeats that are asked for come to. `isNews`: the one before was not like it. */
type HeartbeatEvent =
  | {
      readonly kind: "heartbeat";
      /** What was before it: nothing, a failure, or another heartbeat. */
      readonly after: "waiting" | "failing" | "ok";
      /** Milliseconds since the first failure of those that it ends. */
      readonly failedMs?: number | undefined;
      readonly server: string;
      readonly servers: number;
      /** "" when it names none. */
      readonly leader: string;
    }
  | {
      readonly kind: "heartbeat-failed";
      readonly server: string;
      readonly reason: string;
      readonly isNews: boolean;
    }
  /** `news`: which servers, and why. */
  | { readonly kind: "heartbeat-servers-refused"; readonly rejected: number; readonly news: string };

interface QueryFailure {
  readonly code: string;
  readonly reason: string;
  /** Absent when it is about the watched datacenter. */
  readonly datacenter?: string;
}

/** What the watch of a service in Consul comes to. */
type ConsulEvent =
  | ({
      readonly kind: "consul-failed";
      readonly attempt: number;
      readonly retryInMs: number;
      readonly isNews: boolean;
    } & QueryFailure)
  | { readonly kind: "consul-recovered"; readonly servers: number; readonly downMs: number }
  /** Consul lists no server; that counts in so many milliseconds, when it still lists none. */
  | { readonly kind: "empty-held"; readonly forMs: number }
  /** It counts now: so many servers are no longer reported. */
  | { readonly kind: "empty-applied"; readonly removed: number }
  | ({ readonly kind: "datacenter-failed" } & QueryFailure)
  | { readonly kind: "datacenter-used"; readonly datacenter?: string; readonly servers: number }
  | ({ readonly kind: "query-ended-early"; readonly tookMs: number } & QueryFailure)
  /** `waitMs` is absent when queries wait as long as configured again. */
  | { readonly kind: "query-wait-limited"; readonly waitMs?: number; readonly datacenter?: string }
  /** `news`: which instances, and why. */
  | {
      readonly kind: "instances-left-out";
      readonly service: string;
      readonly leftOut: number;
      readonly news: string;
    }
  /** What Consul hides from the token; `message` is absent when that is nothing any more. */
  | {
      readonly kind: "consul-rights";
      readonly service: string;
      readonly message?: string;
      readonly isNews: boolean;
    };

type RegionEvent =
  /** `own`: the region that it says it is of. `isFirst`: no other server is barred. */
  | {
      readonly kind: "server-barred";
      readonly server: string;
      readonly region: string;
      readonly own?: string;
      readonly isFirst: boolean;
    }
  | { readonly kind: "server-admitted"; readonly server: string; readonly region: string };

/** A thread that answers DNS died and is started again; it serves again. */
export type DnsThreadEvent =
  | { readonly kind: "dns-degraded"; readonly reason: string }
  | { readonly kind: "dns-serving" };

/** Of the file with the last known lists. `file`: its path. */
type StateEvent =
  /** It can't be used. `keptAs`: the name that it has now; absent when it could not be renamed. */
  | {
      readonly kind: "state-refused";
      readonly file: string;
      readonly reason: string;
      readonly keptAs?: string | undefined;
    }
  /** The first failure of a row; it is tried again. */
  | { readonly kind: "state-write-failed"; readonly file: string; readonly reason: string }
  | { readonly kind: "state-write-recovered"; readonly file: string; readonly failedMs: number };

/** Of the agent itself. */
export type AgentEvent =
  | StateEvent
  | { readonly kind: "agent-started"; readonly version: string }
  | { readonly kind: "agent-stopping" }
  | DnsThreadEvent
  /** Noted before what follows from it. `changed` are keys that count from now on, such as `dns.ttl`. */
  | {
      readonly kind: "config-reloaded";
      readonly hash: string;
      readonly changed: readonly string[];
      readonly needsRestart: readonly string[];
      readonly pools: PoolsChange;
    }
  /** Nothing has changed. `error`: what, where and what was expected. */
  | { readonly kind: "config-refused"; readonly error: string }
  /** Somebody set the machine's clock, or it slept. */
  | { readonly kind: "clock-jumped"; readonly byMs: number };

export type JournalEvent = PoolEvent | AgentEvent;

/** Notes an event of one pool. */
export type Note = (event: PoolEvent) => void;
