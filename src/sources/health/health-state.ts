/**
 * The words of the health monitor: what happens, what is known, what is seen, and what is to be done. All are values.
 */
import { Map as PersistentMap } from "immutable";
import type { PoolEvent } from "../../core/journal-event.ts";
import type { ServerEndpoint } from "../../core/server-endpoint.ts";
import type { Successor } from "../../core/server-event.ts";
import type { Snapshot } from "../../core/snapshot.ts";
import { FRESH_PACE, type Pace } from "../../core/time/pace.ts";
import type { Why } from "../../core/why.ts";
import type { RoundTrips } from "./patience.ts";
import {
  type Failing,
  type Failure,
  type HealthRecords,
  NO_RECORDS,
  type PingAnswer,
  type WatchNews,
  type WatchState,
} from "./server-health.ts";

export interface HealthConfig {
  readonly intervalMs: number;
  /** The same while nobody asks for the pool. */
  readonly idleIntervalMs: number;
  readonly timeoutMs: number;
  /** Whether a connection to the next server is held, too. */
  readonly standby: boolean;
}

/** What a watched server is held for. */
export type Role = "head" | "standby";

/** What happens. */
export type HealthEvent =
  /** `chosen`: the head that a rebalance took because it answered. */
  | { readonly kind: "list-changed"; readonly chosen?: string | undefined }
  /** What a watched server came to. */
  | (WatchNews & { readonly server: ServerEndpoint })
  /** Of a watched server with several addresses one answered, or failed. */
  | {
      readonly kind: "address-heard";
      readonly server: ServerEndpoint;
      readonly address: string;
      readonly failure?: Failure | undefined;
    }
  /** The search for a head: this server answers. */
  | { readonly kind: "found"; readonly key: string }
  /** The search for a head: this server does not. */
  | { readonly kind: "asked-in-vain"; readonly server: ServerEndpoint; readonly failing: Failing }
  /** The search for a head: each server was asked in vain. */
  | { readonly kind: "all-asked-in-vain" };

/** The search for a head that is under way. */
interface SearchState {
  /** Why the head was down. */
  readonly why: Why;
  /**
   * Whether only a connection that lasts counts as an answer: any server that closes connections at once seems to
   * answer.
   */
  readonly mustLast: boolean;
  /** Keys of the servers that it asks. */
  readonly asked: ReadonlySet<string>;
  /** Each server was asked, and none answered. */
  readonly isConfirmed: boolean;
  /** When that was first so in this search. */
  readonly confirmedAt?: number | undefined;
}

/** All that is known, and decides who is head: an immutable value. Times are by `Clock.now`. */
export interface Health {
  readonly records: HealthRecords;
  /** Of the listed servers that have answered, by their keys; of a name's addresses together. */
  readonly roundTrips: PersistentMap<string, RoundTrips>;
  /** Heads that failed since one answered. */
  readonly failedHeads: number;
  /** How soon one head may follow another. */
  readonly headsPace: Pace;
  readonly search: SearchState | undefined;
  readonly searchEndedAt: number;
  /** When it was last told that this machine could not ask a server. */
  readonly troubleToldAt: number;
}

export const NOTHING_KNOWN: Health = Object.freeze({
  records: NO_RECORDS,
  roundTrips: PersistentMap<string, RoundTrips>(),
  failedHeads: 0,
  headsPace: FRESH_PACE,
  search: undefined,
  searchEndedAt: Number.NEGATIVE_INFINITY,
  troubleToldAt: Number.NEGATIVE_INFINITY,
});

/** What is seen at the moment of a decision. */
export interface View {
  readonly snapshot: Snapshot;
  readonly config: HealthConfig;
  readonly now: number;
  /** The key of the next server, when a connection to it is held. */
  readonly standby: string | undefined;
  /** `undefined` when the server is not watched. */
  readonly stateOf: (key: string) => WatchState | undefined;
  /** Its last answer while it has been watched. */
  readonly answerOf: (key: string) => PingAnswer | undefined;
  /** The server failed lately: where there is a choice it is not chosen. */
  readonly isAvoided: (key: string) => boolean;
}

/** How a search goes about it. */
export interface SearchPlan {
  /** How late a server is wanted as head, by its key. */
  readonly ranks: ReadonlyMap<string, number>;
  readonly mustLast: boolean;
  /** One server after the other from the beginning: the list was searched just now. */
  readonly isPaced: boolean;
  /** After a wait: the last search was for nothing. */
  readonly isAgain: boolean;
  /** Milliseconds until it begins, at least. */
  readonly notBeforeMs: number;
}

/** What is to be done. */
export type Action =
  | { readonly do: "watch"; readonly servers: ReadonlyMap<Role, ServerEndpoint> }
  /** The watched server is asked now instead of when its time comes. */
  | { readonly do: "hurry"; readonly role: Role }
  /** The head hangs: its connection is given up, and it is told as failed. */
  | { readonly do: "give-up-head"; readonly failure: Failure }
  /** The server seems to be gone: its name may have other addresses. */
  | { readonly do: "look-up"; readonly server: ServerEndpoint }
  | {
      readonly do: "note-address";
      readonly server: ServerEndpoint;
      readonly address: string;
      readonly failure?: Failure | undefined;
    }
  | { readonly do: "penalise"; readonly key: string }
  | { readonly do: "search"; readonly plan: SearchPlan }
  /** The search under way asks these servers, too. */
  | { readonly do: "search-more"; readonly keys: readonly string[] }
  | { readonly do: "end-search" }
  | {
      readonly do: "hand-over";
      readonly head: ServerEndpoint;
      readonly successor: Successor;
      readonly reason: string;
      /** Who noticed the failure. */
      readonly source: "health" | "feedback";
    }
  /** A rebalance among the primaries only. */
  | { readonly do: "go-back-to-primary"; readonly reason: string }
  | { readonly do: "note"; readonly event: PoolEvent };

/** What is known from now on, and what is to be done about it, in this order. */
export interface Decision {
  readonly health: Health;
  readonly actions: readonly Action[];
}

export function nothingToDo(health: Health): Decision {
  return { health, actions: [] };
}
