/** How long to wait between attempts. */
export interface BackoffRule {
  /** Upper bound of the first delay, in milliseconds. */
  readonly baseMs: number;
  /** Upper bound of every delay, in milliseconds. */
  readonly maxMs: number;
}

/** 2^30 × 1 ms is 12 days, above any sensible cap, and far from overflowing. */
const LAST_DOUBLING = 30;

/** The bound itself, for a wait that nobody shares: `baseMs` at the first attempt, doubled with each, up to `maxMs`. */
export function doubledMs(attempt: number, rule: BackoffRule): number {
  const doublings = Math.min(Math.max(attempt - 1, 0), LAST_DOUBLING);
  return Math.min(rule.maxMs, rule.baseMs * 2 ** doublings);
}

/**
 * Full jitter: uniform between 0 and the bound, which doubles from `baseMs` to `maxMs`. The chance is drawn below the
 * cap, not before it, so a fleet that reached the cap together does not stay in step. With 250 ms and 2 s: up to 0.25,
 * 0.5, 1, 2, 2, 2 … s, 1 s on average.
 *
 * @param attempt counts failures from 1.
 * @param chance uniform in [0, 1).
 */
export function backoffMs(attempt: number, rule: BackoffRule, chance: number): number {
  return chance * doubledMs(attempt, rule);
}
