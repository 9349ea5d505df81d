/** How long an answer of a server is waited for, learned from those it gave: pure. */
import type { Patience } from "../../core/pool-view.ts";

/** The round trips of a server's answers, as they are remembered. Milliseconds; `at` by `Clock.now`. */
export interface RoundTrips {
  /** A mean in which the last answers count most. */
  readonly usualMs: number;
  /** The longest one lately: as it was at `at`, and less and less since. */
  readonly longestMs: number;
  readonly at: number;
}

/** What one answer counts in the mean, as in TCP (RFC 6298). */
const SHARE_OF_ONE = 1 / 8;

/**
 * The longest round trip counts half after so long. A server that collects its garbage every few minutes is not taken
 * for one that hangs; one that was slow once is forgiven within the hour.
 */
const HALF_LIFE_MS = 600_000;

/**
 * Pauses of up to 150 ms are usual in healthy servers, garbage collectors make them: a head has to be silent for
 * longer. And no longer than that asks for: with a ping every 125 ms it makes the time until a hang is noticed.
 */
const LEAST_SILENCE_MS = 155;

/** An answer may take longer than any before: it is late after one and a half times the longest, if not later. */
const LATE_TIMES_LONGEST = 1.5;

/** And twice the longest is nothing unusual yet. */
const SILENT_TIMES_LONGEST = 2;

/** A round trip that took longer than a ping may counts as one of that length. */
export function afterRoundTrip(
  known: RoundTrips | undefined,
  tookMs: number,
  { now, timeoutMs }: { readonly now: number; readonly timeoutMs: number },
): RoundTrips {
  const countedMs = Math.min(tookMs, timeoutMs);
  return {
    usualMs: known === undefined ? countedMs : known.usualMs + (countedMs - known.usualMs) * SHARE_OF_ONE,
    longestMs: known === undefined ? countedMs : Math.max(countedMs, longestNow(known, now)),
    at: now,
  };
}

/** A server of which nothing is known has all of `timeoutMs`. */
export function patienceWith(known: RoundTrips | undefined, timeoutMs: number, now: number): Patience {
  if (known === undefined) {
    return { lateMs: timeoutMs / 2, silentMs: timeoutMs };
  }
  const longestMs = longestNow(known, now);
  const silentMs = Math.min(timeoutMs, Math.max(LEAST_SILENCE_MS, SILENT_TIMES_LONGEST * longestMs));
  // A server that always takes long is not asked twice each time.
  const lateMs = Math.min(silentMs, Math.max(silentMs / 2, LATE_TIMES_LONGEST * longestMs));
  return { usualMs: known.usualMs, lateMs, silentMs };
}

function longestNow({ at, longestMs }: RoundTrips, now: number): number {
  return longestMs * 2 ** (-Math.max(0, now - at) / HALF_LIFE_MS);
}
