import type { Clock } from "../../core/ports.ts";
import { RecentMap } from "../../core/recent-map.ts";
import { type BackoffRule, doubledMs } from "../../core/time/backoff.ts";

/**
 * The first failure keeps a server out of the next half minute: a process that restarts is up again well within it.
 * Doubled with each failure, so the fifth one reaches the cap: 30 s, 1, 2, 4, 8 min.
 */
const PENALTY: BackoffRule = { baseMs: 30_000, maxMs: 480_000 };

/**
 * A server without a failure for this long starts anew. Above the cap, so that a flapping one can't wait its record
 * away.
 */
const FORGIVEN_AFTER_MS = 900_000;

/**
 * Servers whose failures are remembered. Where others come all the time that fail, too, the one
 * that failed longest ago is forgotten first. 2 MB.
 */
const MAX_REMEMBERED = 10_000;

interface Record {
  readonly failures: number;
  readonly failedAt: number;
}

/**
 * Remembers which servers failed lately, so that a flapping one is not chosen again at once: the penalty grows with
 * each failure and is capped. It counts only where there is a choice: in a rebalance and a failback, never when every
 * server is down.
 */
export class Penalties {
  readonly #clock: Clock;
  readonly #records = new RecentMap<Record>(MAX_REMEMBERED);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a failure of this server. */
  add(key: string): void {
    this.#forgive();
    const failures = (this.#records.get(key)?.failures ?? 0) + 1;
    this.#records.set(key, { failures, failedAt: this.#clock.now() });
  }

  /** Milliseconds until the server may be chosen again; 0 when it may now. */
  remainingMs(key: string): number {
    const record = this.#records.get(key);
    if (record === undefined) {
      return 0;
    }
    const penaltyMs = doubledMs(record.failures, PENALTY);
    return Math.max(0, record.failedAt + penaltyMs - this.#clock.now());
  }

  /** How many times the server failed lately, and for how many milliseconds more it is not chosen. */
  of(key: string): { readonly failures: number; readonly forMs: number } {
    return { failures: this.#records.get(key)?.failures ?? 0, forMs: this.remainingMs(key) };
  }

  /** Whether the server may not be chosen yet. */
  isAvoided(key: string): boolean {
    return this.remainingMs(key) > 0;
  }

  /** The servers that may not be chosen yet, and when each may, by `Clock.now`. */
  list(): readonly { readonly key: string; readonly failures: number; readonly until: number }[] {
    return [...this.#records]
      .map(([key, { failedAt, failures }]) => ({
        key,
        failures,
        until: failedAt + doubledMs(failures, PENALTY),
      }))
      .filter(({ until }) => until > this.#clock.now());
  }

  #forgive(): void {
    this.#records.forgetWhile(({ failedAt }) => this.#clock.now() - failedAt >= FORGIVEN_AFTER_MS);
  }
}
