/** 16 bytes each, 256 KB: two networks share one with a chance of 1 in 16,384, and their answers then, too. */
const BUCKETS = 16_384;

/**
 * Every second query beyond the limit gets a truncated answer, as in BIND and NSD: half of what is sent is not
 * reflected at all.
 */
const SLIP = 2;

/** `slip`: a truncated answer, no longer than the query, so that who really asked comes by TCP. */
export type Allowance = "answer" | "slip" | "drop";

/**
 * How many answers a network gets over UDP, whose sources may be forged: `perSecond`, and after a pause as many at
 * once. The table has a fixed size, whatever the sources.
 */
export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  /** What each network may still have. */
  readonly #left: Float64Array;
  readonly #filledAt: Float64Array;
  #beyond = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#burst = Math.max(1, perSecond);
    this.#left = new Float64Array(BUCKETS).fill(this.#burst);
    this.#filledAt = new Float64Array(BUCKETS);
  }

  /** Takes one answer for this network, a whole number. `now`: milliseconds of a clock that nobody sets. */
  take(network: number, now: number): Allowance {
    const bucket = network % BUCKETS;
    const since = now - (this.#filledAt[bucket] ?? 0);
    const left = Math.min(this.#burst, (this.#left[bucket] ?? 0) + (since * this.#perSecond) / 1000);
    this.#filledAt[bucket] = now;
    if (left >= 1) {
      this.#left[bucket] = left - 1;
      return "answer";
    }
    this.#left[bucket] = left;
    this.#beyond += 1;
    return this.#beyond % SLIP === 0 ? "slip" : "drop";
  }
}
