import type { Tier } from "../../core/snapshot.ts";
import type { SourceWarning } from "../../core/source-warning.ts";
import type { MissingRights } from "./consul-rights.ts";
import type { ConsulWatchState, WatchError, WatchRecord } from "./watch-record.ts";

/** The source's age and state, for explain, health and metrics: an immutable value. */
export interface ConsulWatchStatus {
  readonly state: ConsulWatchState;
  readonly lastSuccessAt: number | undefined;
  /** The last failure, also when it is over. */
  readonly lastError: WatchError | undefined;
  readonly index: number;
  /**
   * Milliseconds that queries wait at most because longer waits were ended on the way; `undefined`: no such limit is
   * known.
   */
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

/** The part of the record that is for others. */
export function statusOf(record: WatchRecord): ConsulWatchStatus {
  const { state, lastSuccessAt, lastError, index, waitLimitMs, queries, local, remote, tier } = record;
  const servers = record.report?.addresses.length ?? 0;
  const serving = local.addresses.length > 0 ? record.localName : remote?.datacenter;
  return {
    state,
    lastSuccessAt,
    lastError,
    index,
    waitLimitMs,
    queries,
    datacenter: servers === 0 ? undefined : serving,
    servers,
    tier,
    emptyUntil: local.emptyUntil,
    missingRights: record.rights.missing,
  };
}

/** What an operator should know of the watch for as long as it lasts. */
export function watchWarnings({
  state,
  lastError,
  missingRights,
}: ConsulWatchStatus): readonly SourceWarning[] {
  const failing =
    state.kind === "retrying"
      ? [{ since: state.since, message: `Consul fails: ${lastError?.message ?? "no answer"}` }]
      : [];
  return missingRights === undefined ? failing : [...failing, missingRights];
}
