/** How fast one watch may query. */
export interface PaceRule {
  /**
   * Milliseconds between two queries in the long run. A query that waited longer is followed by the next at once, so
   * this limits only answers that come too soon: 500 ms means at most 2 queries a second from a watch behind a proxy
   * that drops the index.
   */
  readonly minIntervalMs: number;
  /** Queries that may run ahead of that rate when each brought a new index: a roll-out is followed change by change. */
  readonly burst: number;
}

/** A rate limit after the generic cell rate algorithm: one number, the time at which the allowance is whole again. */
export type Pace = number;

/** A full allowance. */
export const FRESH_PACE: Pace = Number.NEGATIVE_INFINITY;

/** The pace after a query that started at `startedAtMs`. */
export function spend(pace: Pace, startedAtMs: number, rule: PaceRule): Pace {
  return Math.max(pace, startedAtMs) + rule.minIntervalMs;
}

/** Takes one from the allowance. While that is empty it takes nothing: `waitMs` says how long that lasts. */
export function take(
  pace: Pace,
  now: number,
  rule: PaceRule,
): { readonly pace: Pace; readonly waitMs: number } {
  const waitMs = Math.max(0, earliestNext(pace, now, true, rule) - now);
  return { pace: waitMs > 0 ? pace : spend(pace, now, rule), waitMs };
}

/**
 * When the next query may start, given the pace after the last one. An answer whose index did not move brought nothing,
 * so it has no claim on the burst.
 */
export function earliestNext(
  pace: Pace,
  lastStartedAtMs: number,
  indexMoved: boolean,
  rule: PaceRule,
): number {
  if (indexMoved) {
    return pace - rule.burst * rule.minIntervalMs;
  }
  return Math.max(lastStartedAtMs + rule.minIntervalMs, pace - rule.burst * rule.minIntervalMs);
}
