import type { Tier } from "../../core/snapshot.ts";
import type { SourceWarning } from "../../core/source-warning.ts";
import type { CatalogFailure } from "../../net/consul/catalog.ts";
import type { MissingRights } from "./consul-rights.ts";

/** What the watch of the local (or first configured) datacenter does. Times are by `Clock.now`. */
type ConsulWatchState =
  | { readonly kind: "idle" }
  /** Started, no answer yet. */
  | { readonly kind: "starting"; readonly since: number }
  | { readonly kind: "watching"; readonly since: number }
  | { readonly kind: "retrying"; readonly since: number; readonly attempt: number; readonly retryAt: number }
  | { readonly kind: "stopped"; readonly since: number };

interface WatchError {
  readonly code: string;
  readonly message: string;
  readonly at: number;
  /** The remote datacenter it is about; missing when it is about the watched one. */
  readonly datacenter?: string;
}

/** The source's age and state, for explain, health and metrics: an immutable value. */
export interface ConsulWatchStatus {
  readonly state: ConsulWatchState;
  readonly lastSuccessAt: number | undefined;
  /** The last failure, also when it is over. */
  readonly lastError: WatchError | undefined;
  readonly index: number;
  /** Milliseconds that queries wait at most because longer waits were ended on the way; `undefined`: no such limit is known. */
  readonly waitLimitMs: number | undefined;
  /** Where the reported servers are; `undefined` when there are none. */
  readonly datacenter: string | undefined;
  /** How many servers are reported. */
  readonly servers: number;
  readonly tier: Tier;
  /** When an empty answer will count; `undefined` when none is pending. */
  readonly emptyUntil: number | undefined;
  /** What Consul hides, or may hide, from the token, for as long as it does. */
  readonly missingRights: MissingRights | undefined;
  /** Queries since the start: `ok`, `ended-early`, or the failure's code. */
  readonly queries: Readonly<Record<string, number>>;
}

/** What an operator should know of the watch for as long as it lasts. */
export function warningsOf({ state, lastError, missingRights }: ConsulWatchStatus): readonly SourceWarning[] {
  const failing =
    state.kind === "retrying"
      ? [{ since: state.since, message: `Consul fails: ${lastError?.message ?? "no answer"}` }]
      : [];
  return missingRights === undefined ? failing : [...failing, missingRights];
}

/** The part of the status that follows from answers and failures alone. */
export interface WatchRecord {
  readonly state: ConsulWatchState;
  readonly lastSuccessAt: number | undefined;
  readonly lastError: WatchError | undefined;
  readonly index: number;
  readonly waitLimitMs: number | undefined;
  readonly queries: Readonly<Record<string, number>>;
  /** Kinds of failures that were logged since the last answer: each of them once. */
  readonly outageKinds: readonly string[];
  /** When each kind was last logged. */
  readonly toldAt: Readonly<Record<string, number>>;
}

export const IDLE_RECORD: WatchRecord = {
  state: { kind: "idle" },
  lastSuccessAt: undefined,
  lastError: undefined,
  index: 0,
  waitLimitMs: undefined,
  queries: {},
  outageKinds: [],
  toldAt: {},
};

/** Milliseconds between two lines of one kind: a Consul that fails every other query makes 12 lines a minute, not hundreds. */
const TOLD_EVERY_MS = 10_000;

export function afterStart(record: WatchRecord, now: number): WatchRecord {
  return {
    ...record,
    state: { kind: "starting", since: now },
    index: 0,
    waitLimitMs: undefined,
    outageKinds: [],
  };
}

export function afterStop(record: WatchRecord, now: number): WatchRecord {
  return { ...record, state: { kind: "stopped", since: now } };
}

export function afterSuccess(record: WatchRecord, index: number, now: number): WatchRecord {
  return {
    ...record,
    state: record.state.kind === "watching" ? record.state : { kind: "watching", since: now },
    lastSuccessAt: now,
    index,
    queries: counted(record.queries, "ok"),
    outageKinds: [],
  };
}

/** Whether this kind of failure is to be logged: it was not in the present outage, nor just before. */
export function isNews(record: WatchRecord, failure: CatalogFailure, now: number): boolean {
  const kind = kindOf(failure);
  const toldAt = record.toldAt[kind] ?? Number.NEGATIVE_INFINITY;
  return !record.outageKinds.includes(kind) && now - toldAt >= TOLD_EVERY_MS;
}

/** Whether a failure of the present outage was logged, so that its end is worth a line. */
export function wasTold({ outageKinds }: WatchRecord): boolean {
  return outageKinds.length > 0;
}

/** A restart shows as a reset, then as nobody listening: one outage without an answer, not two. */
function kindOf({ code }: CatalogFailure): string {
  return ["unreachable", "reset", "cut-body", "timeout"].includes(code) ? "no-answer" : code;
}

export function afterQueryFailure(
  record: WatchRecord,
  failure: CatalogFailure,
  retry: { readonly attempt: number; readonly delayMs: number },
  now: number,
): WatchRecord {
  const since = record.state.kind === "retrying" ? record.state.since : now;
  const told = isNews(record, failure, now) ? [kindOf(failure)] : [];
  return {
    ...record,
    state: { kind: "retrying", since, attempt: retry.attempt, retryAt: now + retry.delayMs },
    lastError: { code: failure.code, message: failure.message, at: now },
    index: 0,
    queries: counted(record.queries, failure.code),
    outageKinds: [...record.outageKinds, ...told],
    toldAt: { ...record.toldAt, ...Object.fromEntries(told.map((kind) => [kind, now])) },
  };
}

/** A wait that ended early is counted; the state, the index and what is known of failures stay. */
export function afterEarlyEnd(record: WatchRecord): WatchRecord {
  return { ...record, queries: counted(record.queries, "ended-early") };
}

export function afterWaitLimited(record: WatchRecord, waitLimitMs: number | undefined): WatchRecord {
  return { ...record, waitLimitMs };
}

/** A query to another datacenter succeeded: it counts, the watched one's state stays. */
export function afterRemoteSuccess(record: WatchRecord): WatchRecord {
  return { ...record, queries: counted(record.queries, "ok") };
}

export function afterRemoteFailure(
  record: WatchRecord,
  failure: CatalogFailure,
  datacenter: string | undefined,
  now: number,
): WatchRecord {
  const error = { code: failure.code, message: failure.message, at: now };
  return {
    ...record,
    lastError: datacenter === undefined ? error : { ...error, datacenter },
    queries: counted(record.queries, failure.code),
  };
}

function counted(
  queries: Readonly<Record<string, number>>,
  result: string,
): Readonly<Record<string, number>> {
  return { ...queries, [result]: (queries[result] ?? 0) + 1 };
}
