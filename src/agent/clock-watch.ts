import { STEP_MS } from "../core/figures/recent-figures.ts";
import { StepTime } from "../core/figures/step-time.ts";
import type { AgentEvent } from "../core/journal-event.ts";
import { Life } from "../core/life.ts";
import type { Clock } from "../core/ports.ts";
import type { Runnable } from "../core/running.ts";
import { delay } from "../core/time/delay.ts";
import { wallTimeOf } from "../core/time/wall-time.ts";

/** A clock that is being corrected runs up to 0.05% off (NTP), 2.5 ms in 5 s; a late timer counts in both clocks. */
const JUMP_MS = 1_000;

/**
 * Notices that somebody set the machine's clock, or that the machine slept, and says so once for each jump. Nothing
 * else follows from it.
 */
export class ClockWatch implements Runnable {
  readonly #clock: Clock;
  /** The clocks are compared when a step of the recent figures ends: the machine is woken once. */
  readonly #steps: StepTime;
  readonly #note: (event: AgentEvent) => void;
  readonly #life = new Life();
  #differenceMs = 0;

  constructor(clock: Clock, note: (event: AgentEvent) => void) {
    this.#clock = clock;
    this.#steps = new StepTime(clock, STEP_MS);
    this.#note = note;
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#life.run(signal, async () => {
      this.#differenceMs = this.#difference();
      for (;;) {
        await delay(this.#clock, this.#steps.untilNext(), signal);
        if (signal.aborted) {
          return;
        }
        this.#look();
      }
    });
  }

  #look(): void {
    const differenceMs = this.#difference();
    const jumpMs = differenceMs - this.#differenceMs;
    this.#differenceMs = differenceMs;
    if (Math.abs(jumpMs) >= JUMP_MS) {
      this.#note({ kind: "clock-jumped", byMs: Math.round(jumpMs) });
    }
  }

  #difference(): number {
    return wallTimeOf(this.#clock) - this.#clock.now();
  }
}
