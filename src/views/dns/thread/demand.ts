import { RecentMap } from "../../../core/recent-map.ts";
import { earliestNext, FRESH_PACE, spend } from "../../../core/time/pace.ts";
import type { DemandSettings, DemandVerdict } from "../thread-messages.ts";

/** What is said of pools is held for so many of them: with ten starts a second and 10 s it is a hundred. */
const MOST_HELD = 1024;

/** A start that would have to wait longer comes too late for the question that asked for it. */
const LONGEST_WAIT_MS = 250;

/** The main thread decides within Consul's deadline of 10 s; when it has died, so has this thread. */
const ASKED_HOLD_MS = 12_000;

interface Held {
  readonly verdict: DemandVerdict;
  /** By the clock of `now`. */
  readonly until: number;
}

/**
 * Pools that questions ask for and that are not there. Each is asked of the main thread once, at a bounded pace,
 * whatever comes in: random names by the million reach neither the main thread nor Consul.
 */
export class Demand {
  readonly #ask: (pool: string) => void;
  readonly #held = new RecentMap<Held>(MOST_HELD);
  readonly #due = new Set<NodeJS.Timeout>();
  #settings: DemandSettings | undefined;
  #pace = FRESH_PACE;

  constructor(ask: (pool: string) => void) {
    this.#ask = ask;
  }

  /** `undefined`: no question starts a pool. */
  configure(settings: DemandSettings | undefined): void {
    this.#settings = settings;
  }

  get settings(): DemandSettings | undefined {
    return this.#settings;
  }

  /** What is held of the pool; asks for nothing. `now`: milliseconds of a clock that nobody sets. */
  held(pool: string, now: number): DemandVerdict | undefined {
    const held = this.#held.get(pool);
    return held !== undefined && held.until > now ? held.verdict : undefined;
  }

  /** What to say to a question about the pool. */
  verdictOn(pool: string, now: number): DemandVerdict {
    return this.held(pool, now) ?? this.#begin(pool, now);
  }

  /** The main thread has decided. */
  decided(pool: string, verdict: DemandVerdict, holdMs: number, now: number): void {
    this.#held.set(pool, { verdict, until: now + holdMs });
  }

  close(): void {
    this.#settings = undefined;
    for (const timer of this.#due) {
      clearTimeout(timer);
    }
  }

  #begin(pool: string, now: number): DemandVerdict {
    const perSecond = this.#settings?.startsPerSecond ?? 0;
    const rule = { minIntervalMs: 1000 / perSecond, burst: perSecond };
    const waitMs = Math.max(0, earliestNext(this.#pace, now, true, rule) - now);
    if (!(waitMs <= LONGEST_WAIT_MS)) {
      return "not-ready";
    }
    this.#pace = spend(this.#pace, now, rule);
    this.decided(pool, "starting", ASKED_HOLD_MS, now);
    const timer = setTimeout(() => {
      this.#due.delete(timer);
      this.#ask(pool);
    }, waitMs);
    this.#due.add(timer);
    return "starting";
  }
}
