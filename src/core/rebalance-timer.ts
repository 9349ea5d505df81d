import type { Clock } from "./ports.ts";

/** Waits for an interval that is drawn anew each time, and can be started over. */
export class RebalanceTimer {
  readonly #clock: Clock;
  readonly #intervalMs: () => number;
  #restart: (() => void) | undefined;

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
      let cancel: () => void = () => undefined;
      const finish = (due: boolean) => {
        cancel();
        // A wait that begins while this one ends is not ours to stop.
        if (this.#restart === restart) {
          this.#restart = undefined;
        }
        signal.removeEventListener("abort", onAbort);
        resolve(due);
      };
      const onAbort = () => {
        finish(false);
      };
      const restart = () => {
        cancel();
        cancel = this.#clock.after(this.#intervalMs(), () => {
          finish(true);
        });
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#restart = restart;
      restart();
    });
  }

  /** Starts the interval that is being waited for over, with a newly drawn length; nothing when nobody waits. */
  reset(): void {
    this.#restart?.();
  }
}
