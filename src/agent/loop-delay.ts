import { Life } from "../core/life.ts";
import type { Clock } from "../core/ports.ts";
import type { Runnable } from "../core/running.ts";
import { delay } from "../core/time/delay.ts";

/** A stall is seen to within this, and a shorter one by chance: 4 timers a second, beside 2 pings for each pool. */
const LOOK_EVERY_MS = 250;

/** The most of the period that is over and of the present one is shown: no scrape takes it away from another. */
const PERIOD_MS = 60_000;

/**
 * How late a timer of 0.25 s comes: by how much whatever else the thread has to do may have waited. Node's own
 * `monitorEventLoopDelay` wakes up every 10 ms.
 */
export class LoopDelay implements Runnable {
  readonly #clock: Clock;
  readonly #life = new Life();
  #periodBeganAt = 0;
  #maxMs = 0;
  #previousMaxMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The most in the last one to two minutes, in seconds. */
  get maxSeconds(): number {
    return Math.max(this.#maxMs, this.#previousMaxMs) / 1000;
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#life.run(signal, async () => {
      this.#periodBeganAt = this.#clock.now();
      for (;;) {
        const dueAt = this.#clock.now() + LOOK_EVERY_MS;
        await delay(this.#clock, LOOK_EVERY_MS, signal);
        if (signal.aborted) {
          return;
        }
        this.#note(Math.max(0, this.#clock.now() - dueAt));
      }
    });
  }

  #note(lateMs: number): void {
    if (this.#clock.now() - this.#periodBeganAt >= PERIOD_MS) {
      this.#periodBeganAt = this.#clock.now();
      this.#previousMaxMs = this.#maxMs;
      this.#maxMs = 0;
    }
    this.#maxMs = Math.max(this.#maxMs, lateMs);
  }
}
