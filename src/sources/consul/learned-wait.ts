/**
 * How long a query may wait on the way to Consul. Proxies and balancers end what is idle for too long for them. When
 * two waits end early after about the same time, later waits are shorter, so that Consul answers before the way ends
 * them.
 */
export interface LearnedWait {
  /** Milliseconds after which the last query ended early; `undefined` when none did, or one has waited longer since. */
  readonly endedAfterMs: number | undefined;
  /**
   * Milliseconds that queries may wait, learned at `learnedAt`, by `Clock.now`; `undefined` for as long as they like.
   */
  readonly limitMs: number | undefined;
  readonly learnedAt: number;
}

export const UNLIMITED_WAIT: LearnedWait = { endedAfterMs: undefined, limitMs: undefined, learnedAt: 0 };

/**
 * Milliseconds that a query must have waited to have ended early. What fails sooner is an outage: a refusal takes
 * microseconds, a gateway that reaches nobody milliseconds.
 */
const SHORTEST_WAIT_MS = 1_000;

/**
 * Of a time that was too long, so much is asked for. Consul adds up to a sixteenth: after ends at 6 s the wait is
 * 4.8 s, and an answer comes after 5.1 s at most.
 */
const SURVIVED = 0.8;

/** Ends differ so much at most, as a part of the longer: one timer of one proxy, not two accidents. */
const ALIKE = 0.2;

/**
 * Milliseconds after which the limit is tried out again: a proxy may have got another setting. One query in an hour
 * ends early for that.
 */
const RELEARN_AFTER_MS = 3_600_000;

/** How a query ended without an answer. */
export interface FailedQuery {
  /** 0 for one that was not to wait. */
  readonly index: number;
  readonly tookMs: number;
  /** See `CatalogFailure`. */
  readonly brokenOff: boolean;
}

/**
 * Whether that was the end of a wait that somebody on the way found too long, which is normal, and not an outage. If
 * Consul is gone all the same, the next query, which does not wait, fails.
 */
export function endedEarly({ index, tookMs, brokenOff }: FailedQuery): boolean {
  return brokenOff && index > 0 && tookMs >= SHORTEST_WAIT_MS;
}

/** What is known after a query that ended early. */
export function afterEarlyEnd(wait: LearnedWait, tookMs: number, nowMs: number): LearnedWait {
  const before = wait.endedAfterMs;
  return before === undefined || !areAlike(before, tookMs)
    ? { ...wait, endedAfterMs: tookMs }
    : { endedAfterMs: tookMs, limitMs: SURVIVED * Math.min(before, tookMs), learnedAt: nowMs };
}

/**
 * What is known after an answer. An answer that took clearly longer than what had ended early shows that there is no
 * such limit.
 */
export function afterAnsweredWait(wait: LearnedWait, tookMs: number): LearnedWait {
  const isOver = wait.endedAfterMs !== undefined && tookMs > wait.endedAfterMs / (1 - ALIKE);
  return isOver ? UNLIMITED_WAIT : wait;
}

/** Milliseconds to ask for, of those that are wanted. */
export function allowedWaitMs({ limitMs, learnedAt }: LearnedWait, wantedMs: number, nowMs: number): number {
  return limitMs === undefined || nowMs - learnedAt >= RELEARN_AFTER_MS
    ? wantedMs
    : Math.min(limitMs, wantedMs);
}

/** Whether people should be told: not when an old limit was tried out and found again. */
export function isNewLimit(before: LearnedWait, after: LearnedWait): boolean {
  if (before.limitMs === undefined || after.limitMs === undefined) {
    return before.limitMs !== after.limitMs;
  }
  return !areAlike(before.limitMs, after.limitMs);
}

function areAlike(one: number, other: number): boolean {
  return Math.abs(one - other) <= ALIKE * Math.max(one, other);
}
