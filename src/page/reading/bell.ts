import type { Clock } from "../../core/ports.ts";
import { delay } from "../../core/time/delay.ts";

/** Lets a loop wait until somebody rings, or for a while. A ring while nobody waits is heard by the next wait. */
export class Bell {
  #wake: (() => void) | undefined;
  #hasRung = false;

  ring(): void {
    this.#hasRung = true;
    this.#wake?.();
  }

  /** Resolves at the next ring, after `atMostMs`, or when the signal is aborted. */
  async heard(clock: Clock, atMostMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#hasRung) {
      const woken = new AbortController();
      this.#wake = () => {
        woken.abort();
      };
      await delay(clock, atMostMs, AbortSignal.any([signal, woken.signal]));
      this.#wake = undefined;
    }
    this.#hasRung = false;
  }
}
