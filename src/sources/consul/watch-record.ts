import type { Tier } from "../../core/snapshot.ts";
import type { CatalogFailure } from "../../net/consul/catalog.ts";
import { type BackupReport, nextReport } from "./backup-report.ts";
import { type ConfirmedList, confirmAnswer, interruptHold, UNKNOWN_LIST } from "./confirmed-list.ts";
import { afterListing, type ReadRights, UNKNOWN_RIGHTS } from "./consul-rights.ts";
import type { WatchEvent } from "./datacenter-watch.ts";
import { type Listing, listsNothing } from "./listing.ts";
import type { RemoteEvent } from "./remote-watch.ts";
import { afterOutage, afterToldFailure, NOTHING_TOLD, type ToldFailures } from "./told-failures.ts";

/** What the watch of the local (or first configured) datacenter does. Times are by `Clock.now`. */
export type ConsulWatchState =
  | { readonly kind: "idle" }
  /** Started, no answer yet. */
  | { readonly kind: "starting"; readonly since: number }
  | { readonly kind: "watching"; readonly since: number }
  | { readonly kind: "retrying"; readonly since: number; readonly attempt: number; readonly retryAt: number }
  | { readonly kind: "stopped"; readonly since: number };

export interface WatchError {
  readonly code: string;
  readonly message: string;
  readonly at: number;
  /** The remote datacenter it is about; missing when it is about the watched one. */
  readonly datacenter?: string;
}

/** The servers of another datacenter. */
interface RemoteServers {
  /** `undefined` while no datacenter with servers was found. */
  readonly datacenter: string | undefined;
  readonly addresses: readonly string[];
  /** When the servers were last listed. */
  readonly seenAt: number;
}

const NOT_FOUND: RemoteServers = {
  datacenter: undefined,
  addresses: [],
  seenAt: Number.NEGATIVE_INFINITY,
};

/** All that a watcher of Consul knows: an immutable value that follows from the events of its watches. */
export interface WatchRecord {
  readonly state: ConsulWatchState;
  readonly lastSuccessAt: number | undefined;
  readonly lastError: WatchError | undefined;
  readonly index: number;
  readonly waitLimitMs: number | undefined;
  /** See `ConsulWatchStatus`. */
  readonly queries: Readonly<Record<string, number>>;
  /** The servers of the watched datacenter. */
  readonly local: ConfirmedList;
  /** The name of the watched datacenter; `undefined` until an instance names it. */
  readonly localName: string | undefined;
  /** What the search of other datacenters found; `undefined` while nobody need search. */
  readonly remote: RemoteServers | undefined;
  readonly rights: ReadRights;
  readonly told: ToldFailures;
  /** The tier that servers are reported in. */
  readonly tier: Tier;
  /** What the sink is told; `undefined` before the first answer. */
  readonly report: BackupReport | undefined;
}

export const IDLE_RECORD: WatchRecord = {
  state: { kind: "idle" },
  lastSuccessAt: undefined,
  lastError: undefined,
  index: 0,
  waitLimitMs: undefined,
  queries: {},
  local: UNKNOWN_LIST,
  localName: undefined,
  remote: undefined,
  rights: UNKNOWN_RIGHTS,
  told: NOTHING_TOLD,
  tier: "backup",
  report: undefined,
};

/**
 * The record that another watch of the same pool begins with, perhaps of another service or in another Consul: the
 * servers that were reported stay until it lists others, or lists none for the hold time.
 */
export function takenOver({ queries, report, tier }: WatchRecord): WatchRecord {
  const local = { addresses: report?.addresses ?? [], emptyUntil: undefined };
  return { ...IDLE_RECORD, local, queries, report, tier };
}

/** When an event is taken, and the hold time that applies. */
export interface Moment {
  /** By `Clock.now`. */
  readonly now: number;
  /** See `ConsulWatchConfig`. */
  readonly emptyHoldMs: number;
}

export function afterStart(record: WatchRecord, now: number): WatchRecord {
  return {
    ...record,
    state: { kind: "starting", since: now },
    index: 0,
    waitLimitMs: undefined,
    local: interruptHold(record.local),
    told: afterOutage(record.told),
  };
}

/** The report stays: the servers that Consul listed are used while nobody watches. */
export function afterStop(record: WatchRecord, now: number): WatchRecord {
  return { ...record, state: { kind: "stopped", since: now }, remote: undefined };
}

/** The same servers in another tier. */
export function afterTier(record: WatchRecord, tier: Tier): WatchRecord {
  const { report } = record;
  return { ...record, tier, report: report && nextReport(report, { addresses: report.addresses, tier }) };
}

/** The record after an event of the watch of the local datacenter. */
export function afterLocal(record: WatchRecord, event: WatchEvent, moment: Moment): WatchRecord {
  switch (event.kind) {
    case "answered":
      return afterLocalAnswer(record, event.listing, event.index, moment);
    case "failed":
      return afterLocalFailure(record, event, moment.now);
    case "ended-early":
      return counted(record, event.kind);
    case "wait-limited":
      return { ...record, waitLimitMs: event.limitMs };
  }
}

/** The record after an event of the search of other datacenters. The state of the local watch stays. */
export function afterRemote(record: WatchRecord, event: RemoteEvent, moment: Moment): WatchRecord {
  switch (event.kind) {
    case "answered":
      return afterRemoteAnswer(counted(record, "ok"), event.datacenter, event.listing, moment.now);
    case "failed":
      return afterRemoteFailure(record, event.failure, moment.now, { datacenter: event.datacenter });
    case "catalog-failed":
      return afterRemoteFailure(record, event.failure, moment.now);
    case "ended-early":
      return counted(record, event.kind);
    case "wait-limited":
      return record;
    case "searched":
      return event.foundNone ? afterNoneFound(record, moment) : record;
  }
}

function afterLocalAnswer(
  record: WatchRecord,
  listing: Listing,
  index: number,
  { now, emptyHoldMs }: Moment,
): WatchRecord {
  const { usable, datacenter, filteredByAcl } = listing;
  const answered = { addresses: usable, mayConfirm: !filteredByAcl && listsNothing(listing) };
  return reported({
    ...counted(record, "ok"),
    state: record.state.kind === "watching" ? record.state : { kind: "watching", since: now },
    lastSuccessAt: now,
    index,
    local: confirmAnswer(record.local, answered, now, emptyHoldMs),
    localName: datacenter ?? record.localName,
    remote: usable.length > 0 ? undefined : (record.remote ?? NOT_FOUND),
    rights: afterListing(record.rights, listing, now),
    told: afterOutage(record.told),
  });
}

function afterLocalFailure(
  record: WatchRecord,
  { failure, attempt, delayMs }: Extract<WatchEvent, { kind: "failed" }>,
  now: number,
): WatchRecord {
  const since = record.state.kind === "retrying" ? record.state.since : now;
  return {
    ...counted(record, failure.code),
    state: { kind: "retrying", since, attempt, retryAt: now + delayMs },
    lastError: { code: failure.code, message: failure.message, at: now },
    index: 0,
    local: interruptHold(record.local),
    told: afterToldFailure(record.told, failure, now),
  };
}

function afterRemoteAnswer(
  record: WatchRecord,
  datacenter: string,
  { usable: addresses }: Listing,
  now: number,
): WatchRecord {
  return addresses.length === 0
    ? record
    : reported({ ...record, remote: { datacenter, addresses, seenAt: now } });
}

function afterRemoteFailure(
  record: WatchRecord,
  { code, message }: CatalogFailure,
  now: number,
  where: Pick<WatchError, "datacenter"> = {},
): WatchRecord {
  return { ...counted(record, code), lastError: { code, message, at: now, ...where } };
}

/** The servers of the last datacenter are kept for the hold time, as local servers are. */
function afterNoneFound(record: WatchRecord, { now, emptyHoldMs }: Moment): WatchRecord {
  const { seenAt } = record.remote ?? NOT_FOUND;
  return now - seenAt >= emptyHoldMs ? reported({ ...record, remote: NOT_FOUND }) : record;
}

/**
 * The local servers alone; held ones with the remote ones behind them; the remote ones alone when there are no others.
 */
function reported(record: WatchRecord): WatchRecord {
  const { local, remote, tier } = record;
  const addresses = [...new Set([...local.addresses, ...(remote?.addresses ?? [])])];
  return { ...record, report: nextReport(record.report, { addresses, tier }) };
}

function counted(record: WatchRecord, result: string): WatchRecord {
  const { queries } = record;
  return { ...record, queries: { ...queries, [result]: (queries[result] ?? 0) + 1 } };
}
