/** The face that a pool shows to views: read on demand, and told of only when the list is another one. */
import type { Snapshot } from "./snapshot.ts";
import type { Change } from "./snapshot-feed.ts";
import type { SourceWarning } from "./source-warning.ts";

/**
 * `starting`: no server yet, and a source has yet to report for the first time. `empty`: no server, and nothing that is
 * waited for. `stale`: a remembered head, which no live source names.
 */
export type ListState = "starting" | "empty" | "live" | "stale";

/** Whatever has to be ready before the agent is. */
export interface Ready {
  isReady(): boolean;
}

/** A service of Consul's, or its instances with a tag. */
export interface ConsulService {
  readonly name: string;
  readonly tag: string | undefined;
}

/** Which listed servers were found down lately, for who has to know more than the list. */
export interface FoundDown {
  /** Their keys: one value for as long as they are the same. */
  keys(): ReadonlySet<string>;
  /** Calls back when they are others, once a second after a few at once. @returns the function that ends it. */
  subscribe(changed: () => void): () => void;
}

/** What a view that shows lists sees of a pool. */
export interface ShownPool {
  readonly name: string;
  /** Where the DNS part notes that it is asked for. */
  readonly useSlot?: number | undefined;
  /** What it is in Consul's names; absent when it is none. */
  consulService?(): ConsulService | undefined;
  /** Absent: nothing is known of the servers but the list. */
  readonly foundDown?: FoundDown | undefined;
  snapshot(): Snapshot;
  /** The state of the present snapshot. */
  listState(): ListState;
  /** Calls back after each change of the list or of its state. @returns the function that ends it. */
  subscribe(changed: () => void): () => void;
}

export function listStateOf({ head, members }: Snapshot, isStarting: boolean): ListState {
  if (head === undefined) {
    return isStarting ? "starting" : "empty";
  }
  const sources = Object.keys(members.get(head.key)?.claims ?? {});
  return sources.every((source) => source === "state-file") ? "stale" : "live";
}

/** As `ListState`; `outage`: no listed server answers, and the order stays. */
export type PoolState = ListState | "outage";

/** What a source of a pool does: the same words for all of them. Times are by `Clock.now`. */
export interface SourceStatus {
  readonly source: "static" | "heartbeat" | "push" | "consul" | "region";
  /** `waiting`: nothing has been heard yet. */
  readonly state: "waiting" | "ok" | "failing";
  readonly lastSuccessAt?: number | undefined;
  /** Why the last try failed, in a few words; also when that is over. */
  readonly lastError?: string | undefined;
  /** When it asks next. */
  readonly nextAt?: number | undefined;
  /** Since when it fails, and how many tries failed. */
  readonly failingSince?: number | undefined;
  readonly attempt?: number | undefined;
  /** The code of the last failure, where it has one. */
  readonly errorCode?: string | undefined;
  /** The server that it last heard from. */
  readonly server?: string | undefined;
  /** Of the watch of Consul: where the servers are, how many, and Consul's index. */
  readonly datacenter?: string | undefined;
  readonly servers?: number | undefined;
  readonly index?: number | undefined;
  /** When Consul's empty answer will count. */
  readonly emptyUntil?: number | undefined;
  /** Of the watch of Consul: requests since it began, by what became of them. */
  readonly requests?: Readonly<Record<string, number>> | undefined;
  /** What an operator should know of it for as long as it lasts. */
  readonly warnings: readonly SourceWarning[];
}

/** How long a server's answer is waited for: milliseconds since it was asked. */
export interface Patience {
  /** What its answers take as a rule; absent where none was heard. */
  readonly usualMs?: number | undefined;
  /** Then its answer is late, and it is asked again. */
  readonly lateMs: number;
  /** Then it hangs, if it is the head and the next server answers meanwhile. */
  readonly silentMs: number;
}

/** A server that a connection is held to. Times are by `Clock.now`. */
export interface WatchedServer {
  readonly key: string;
  readonly role: "head" | "standby";
  readonly phase: "connecting" | "up" | "down";
  /** Since when it is up or down. */
  readonly since?: number | undefined;
  /** Why it is down. */
  readonly reason?: string | undefined;
  /** The last answer to a ping, and how many milliseconds it took. */
  readonly lastAnswer?: { readonly at: number; readonly tookMs: number } | undefined;
  readonly patience: Patience;
}

/** An address that a connection is held to: of a server that is a name, one of those that the name has. */
export interface WatchedAddress {
  /** `host:port`. */
  readonly address: string;
  /** The key of its server. */
  readonly server: string;
  readonly lastAnswer?: WatchedServer["lastAnswer"];
}

/** A server that was found down and has not answered since. */
export interface DownServer {
  readonly key: string;
  /** By `Clock.now`. */
  readonly since: number;
  /** Found so since a head last answered: it is not tried before the others. */
  readonly isInThisPass: boolean;
  readonly closesAtOnce: boolean;
}

/** A server that failed lately: where there is a choice it is not chosen before `until`, by `Clock.now`. */
export interface PenalisedServer {
  readonly key: string;
  readonly failures: number;
  readonly until: number;
}

/** A server that a source names and that is not listed. */
export interface UnlistedServer {
  readonly key: string;
  readonly code: "other-region" | "newer-api" | "unresolvable";
  readonly reason: string;
}

/** Who would be head if the head failed now. `search`: whoever answers first; `none`: the head stays. */
export type IfHeadFails =
  | { readonly kind: "next"; readonly server: string; readonly isConnected: boolean }
  | { readonly kind: "search" }
  | { readonly kind: "none" };

/** Of the pool's settings, what decides how it notices and chooses. */
export interface ShownSettings {
  readonly ping: "none" | "tcp" | "nomad";
  readonly standby: boolean;
  readonly timeoutMs: number;
}

/** What will happen to a pool unless something else happens before. */
export interface Due {
  readonly what:
    | "rebalance"
    /** The server may be chosen again. */
    | "penalty-ends"
    /** The list may go back to this primary. */
    | "failback-earliest"
    | "heartbeat"
    /** Without a heartbeat until then. */
    | "contact-lost"
    /** Consul's empty answer counts from then on. */
    | "empty-hold-ends"
    | "consul-retry"
    /** The connection to a watched server is opened, or opened again. */
    | "reconnect"
    /** In an outage the server is asked whether it answers. */
    | "outage-probe"
    /** Servers that only the state file vouches for leave the list. */
    | "state-expires";
  /** By `Clock.now`. */
  readonly at: number;
  readonly server?: string | undefined;
}

/** What only the state file vouches for. */
export interface RememberedList {
  /** When a source last vouched for it: milliseconds since the Unix epoch. */
  readonly savedAt: number;
  /** How many listed servers no source names. */
  readonly servers: number;
  /** By `Clock.now`: they leave the list then. */
  readonly expiresAt: number;
}

/** Programs that reported the head lately, although it answered the agent. */
export interface Disagreeing {
  readonly server: string;
  /** How many are told apart. */
  readonly clients: number;
  /** By `Clock.now`. */
  readonly since: number;
}

/** All that is known of a pool at one moment. */
export interface PoolView {
  readonly name: string;
  /** Whether a question started it. */
  readonly onDemand: boolean;
  /** Whether nobody has asked for it for long. */
  readonly isIdle: boolean;
  readonly snapshot: Snapshot;
  readonly state: PoolState;
  /** Whether heartbeats with a leader arrive. */
  readonly contact: "held" | "orphaned";
  readonly sources: readonly SourceStatus[];
  /** Absent when sources name every listed server. */
  readonly remembered?: RememberedList | undefined;
  readonly watched: readonly WatchedServer[];
  readonly down: readonly DownServer[];
  readonly penalised: readonly PenalisedServer[];
  readonly unlisted: readonly UnlistedServer[];
  readonly ifHeadFails: IfHeadFails;
  readonly disagreeing?: Disagreeing | undefined;
  readonly settings: ShownSettings;
  /** What is due next first. */
  readonly due: readonly Due[];
  /** The last 256 changes of the list, oldest first. */
  readonly history: readonly Change[];
}
