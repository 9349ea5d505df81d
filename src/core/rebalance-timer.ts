import type { Clock } from "./ports.ts";
import { ShrinkingWait } from "./time/shrinking-wait.ts";

/** Waits for an interval that is drawn anew each time, and can be started over or shortened. */
export class RebalanceTimer {
  readonly #clock: Clock;
  readonly #intervalMs: () => number;
  #waiting: { readonly restart: () => void; readonly wait: ShrinkingWait } | undefined;

  constructor(clock: Clock, intervalMs: () => number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  /** Resolves true when the interval is over, false when the signal aborts; leaves no timer behind. */
  wait(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) {
      return Promise.resolve(false);
    }
    return new Promise((resolve) => {
      const finish = (due: boolean) => {
        wait.cancel();
        // A wait that begins while this one ends is not ours to stop.
        if (this.#waiting === waiting) {
          this.#waiting = undefined;
        }
        signal.removeEventListener("abort", onAbort);
        resolve(due);
      };
      const onAbort = () => {
        finish(false);
      };
      const wait = new ShrinkingWait(this.#clock, () => {
        finish(true);
      });
      const waiting = {
        restart: () => {
          wait.begin(this.#intervalMs());
        },
        wait,
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting = waiting;
      waiting.restart();
    });
  }

  /** Starts the interval that is being waited for over, with a newly drawn length; nothing when nobody waits. */
  reset(): void {
    this.#waiting?.restart();
  }

  /** The interval that is being waited for is at most this long, from where it began; nothing when nobody waits. */
  shortenTo(intervalMs: number): void {
    this.#waiting?.wait.shortenTo(intervalMs);
  }

  /** The interval that is being waited for is exactly this long, from where it began; nothing when nobody waits. */
  changeTo(intervalMs: number): void {
    this.#waiting?.wait.changeTo(intervalMs);
  }

  /** When the interval that is being waited for is over, by `Clock.now`; `undefined` when nobody waits. */
  get dueAt(): number | undefined {
    return this.#waiting?.wait.endsAt;
  }
}
