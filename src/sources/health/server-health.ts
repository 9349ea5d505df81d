/** What is known of the health of each server, as immutable records: pure. All times are by `Clock.now`. */
import { Map as PersistentMap } from "immutable";
import type { DownServer } from "../../core/pool-view.ts";
import type { Why } from "../../core/why.ts";

/**
 * A connection that closes sooner than this, in milliseconds, was as good as none. A fixed time: pings of a large fleet
 * are further apart than the half minute after which a firewall may drop an idle connection of a healthy server.
 */
export const SHORT_LIFE_MS = 1_000;

/** What a watch sees of its server now. */
export type WatchState =
  | { readonly phase: "connecting" }
  | { readonly phase: "up"; readonly since: number }
  | ({ readonly phase: "down"; readonly since: number; readonly source?: Failure["source"] } & Why);

/** How a server failed. */
export interface Failing {
  /** It takes connections and closes them at once: that it opens, or answers once, proves nothing. */
  readonly closesAtOnce: boolean;
  /** Nothing came back in time: the next server like it costs as much time again. */
  readonly isSilent: boolean;
  /** Connections in a row that it closed, as far as was counted. */
  readonly closings?: number;
}

/** How a server failed, and why. */
export interface Failure extends Failing, Why {
  /** Absent: health itself. `feedback`: it was asked because a program reported it. */
  readonly source?: "feedback" | undefined;
}

/** An answer of a server. */
export interface PingAnswer {
  /** By `Clock.now`. */
  readonly at: number;
  /** As this process lived through it. */
  readonly tookMs: number;
  /** By what was known before it: it took longer than its server's answers do. */
  readonly isLate: boolean;
}

/** That an answer is missing. */
export interface Silence {
  /** Since when it was late, by `Clock.now`: the server was asked again then. */
  readonly lateAt: number;
  /** Milliseconds since it was asked first, as this process lived through them. */
  readonly silentMs: number;
  /** Milliseconds that its answers take as a rule; absent where none was heard. */
  readonly usualMs?: number | undefined;
}

/** What a watch tells. */
export type WatchNews =
  /**
   * A ping was answered. `lasted`: over a connection that is older than `SHORT_LIFE_MS`; `roundTripMs`: absent when it
   * was the connecting that proved it.
   */
  | { readonly kind: "answered"; readonly lasted: boolean; readonly roundTripMs?: number | undefined }
  /** The server is down: told each time that it is found so. */
  | { readonly kind: "failed"; readonly failure: Failure }
  /** Its answer, or a connection to it, is late: it is asked again. */
  | { readonly kind: "late" }
  /** It has been silent for longer than it ever is: told again and again until it answers or is down. */
  | { readonly kind: "silent"; readonly silence: Silence }
  /** This machine could not ask the server: nothing is proved about it. `reason`: in a few words. */
  | { readonly kind: "not-asked"; readonly reason: string };

/** What is known of one server that was found down and has not answered since. */
interface ServerHealth extends Failing {
  readonly foundAt: number;
  /** When it was found down for the first time since it last answered. */
  readonly downSince: number;
  /**
   * The pass through the list in which it was found down. A server that was found in an earlier pass is worth another
   * try.
   */
  readonly pass: number;
  readonly closings: number;
}

/**
 * The servers that were found down and have not answered since; of any other nothing is known. When a head answers, a
 * new pass begins: then each of them may be tried again, but still counts as a server that failed, not as a new one.
 */
export interface HealthRecords {
  readonly pass: number;
  readonly byKey: PersistentMap<string, ServerHealth>;
}

export const NO_RECORDS: HealthRecords = Object.freeze({
  pass: 0,
  byKey: PersistentMap<string, ServerHealth>(),
});

export function afterFailure(
  records: HealthRecords,
  key: string,
  { closesAtOnce, isSilent, closings = closingsOf(records, key) }: Failing,
  foundAt: number,
): HealthRecords {
  const downSince = records.byKey.get(key)?.downSince ?? foundAt;
  const record = { closesAtOnce, isSilent, closings, foundAt, downSince, pass: records.pass };
  return { ...records, byKey: records.byKey.set(key, record) };
}

/** `lasted`: the answer came over a connection that did not close at once. */
export function afterAnswer(records: HealthRecords, key: string, lasted: boolean): HealthRecords {
  return isProof(records, key, lasted) ? forgetting(records, key) : records;
}

/** The chosen head answered just now, whatever was known of it before. */
export function afterRebalance(records: HealthRecords, head: string): HealthRecords {
  return forgetting(records, head);
}

/** A head answered. `downNow`: a server that is known to be down at this moment, so that its record stays as it is. */
export function afterHeadAnswered(
  { pass, byKey }: HealthRecords,
  downNow: string | undefined,
): HealthRecords {
  const next = pass + 1;
  const record = downNow === undefined ? undefined : byKey.get(downNow);
  return {
    pass: next,
    byKey:
      downNow === undefined || record === undefined ? byKey : byKey.set(downNow, { ...record, pass: next }),
  };
}

/** Servers left the list. */
export function keepingListed(records: HealthRecords, isListed: (key: string) => boolean): HealthRecords {
  const { byKey, pass } = records;
  return byKey.every((_, key) => isListed(key))
    ? records
    : { pass, byKey: byKey.filter((_, key) => isListed(key)) };
}

/** What is known of the server is out of date. */
export function forgetting(records: HealthRecords, key: string): HealthRecords {
  return { ...records, byKey: records.byKey.delete(key) };
}

/** Whether an answer proves that the server is up. */
export function isProof(records: HealthRecords, key: string, lasted: boolean): boolean {
  return lasted || !closesAtOnce(records, key);
}

/** Whether the server was found down in this pass. */
export function isDown({ byKey, pass }: HealthRecords, key: string): boolean {
  return byKey.get(key)?.pass === pass;
}

/** Keys of the servers that were found down in this pass. */
export function downKeys(records: HealthRecords): ReadonlySet<string> {
  return new Set(records.byKey.keySeq().filter((key) => isDown(records, key)));
}

export function isSilent({ byKey }: HealthRecords, key: string): boolean {
  return byKey.get(key)?.isSilent ?? false;
}

export function closesAtOnce({ byKey }: HealthRecords, key: string): boolean {
  return byKey.get(key)?.closesAtOnce ?? false;
}

/** Connections in a row that the server closed, when it was found down last. */
export function closingsOf({ byKey }: HealthRecords, key: string): number {
  return byKey.get(key)?.closings ?? 0;
}

/** When the server was last found down, in this pass or an earlier one; 0 when it was not. */
export function lastFoundAt({ byKey }: HealthRecords, key: string): number {
  return byKey.get(key)?.foundAt ?? 0;
}

/** The servers that were found down and have not answered since. */
export function downServers({ byKey, pass }: HealthRecords): readonly DownServer[] {
  return byKey
    .entrySeq()
    .map(([key, { closesAtOnce, downSince, pass: foundIn }]) => ({
      key,
      since: downSince,
      isInThisPass: foundIn === pass,
      closesAtOnce,
    }))
    .toArray();
}

/** Since when the server has been down; `undefined` when nothing is known against it. */
export function downSince({ byKey }: HealthRecords, key: string): number | undefined {
  return byKey.get(key)?.downSince;
}

/** How many servers were found to close connections at once since then. */
export function closingSince({ byKey }: HealthRecords, since: number): number {
  return byKey.count((record) => record.closesAtOnce && record.foundAt >= since);
}
