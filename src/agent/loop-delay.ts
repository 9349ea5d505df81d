import type { Clock } from "../core/ports.ts";
import { wallTimeOf } from "../core/time/wall-time.ts";

/** The most of the period that is over and of the present one is shown: no scrape takes it away from another. */
const PERIOD_MS = 60_000;

/**
 * How late the agent's own timers come: by how much whatever else the thread has to do may have waited. It has no timer
 * of its own, for that would wake an idle machine; Node's `monitorEventLoopDelay` does so every 10 ms.
 */
export class LoopDelay {
  /** The same time; what is timed by it is looked at. */
  readonly clock: Clock;
  readonly #clock: Clock;
  #periodBeganAt: number;
  #maxMs = 0;
  #previousMaxMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#periodBeganAt = clock.now();
    this.clock = {
      now: () => clock.now(),
      wallTime: () => wallTimeOf(clock),
      after: (delayMs, callback) => this.#after(delayMs, callback),
    };
  }

  /** The most in the last one to two minutes, in seconds. */
  get maxSeconds(): number {
    this.#beginPeriods();
    return Math.max(this.#maxMs, this.#previousMaxMs) / 1000;
  }

  #after(delayMs: number, callback: () => void): () => void {
    const dueAt = this.#clock.now() + delayMs;
    return this.#clock.after(delayMs, () => {
      this.#beginPeriods();
      this.#maxMs = Math.max(this.#maxMs, this.#clock.now() - dueAt);
      callback();
    });
  }

  #beginPeriods(): void {
    const periods = Math.floor((this.#clock.now() - this.#periodBeganAt) / PERIOD_MS);
    if (periods > 0) {
      this.#periodBeganAt += periods * PERIOD_MS;
      this.#previousMaxMs = periods === 1 ? this.#maxMs : 0;
      this.#maxMs = 0;
    }
  }
}
