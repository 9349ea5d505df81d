import type { Clock } from "../ports.ts";
import { wallTimeOf } from "../time/wall-time.ts";

/**
 * Time in steps of equal length. It goes on with `Clock.now`, and by as much more as the wall clock gains on that:
 * while a machine sleeps, only its wall clock goes on. A wall clock that is set back changes nothing.
 */
export class StepTime {
  readonly #clock: Clock;
  readonly #stepMs: number;
  /** By how much the wall clock was ahead of `Clock.now` at most. */
  #aheadMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, stepMs: number) {
    this.#clock = clock;
    this.#stepMs = stepMs;
  }

  /** The step that has begun, from now on at least this one. */
  take(): number {
    this.#aheadMs = this.#ahead();
    return this.present();
  }

  /** The step that has begun. */
  present(): number {
    return Math.floor(this.#time() / this.#stepMs);
  }

  /** Milliseconds until the next step begins; positive. */
  untilNext(): number {
    return this.#stepMs - (this.#time() % this.#stepMs);
  }

  /** When a step began or begins, by the wall clock as it is set now. */
  wallTimeAt(step: number): number {
    return wallTimeOf(this.#clock) - this.#time() + step * this.#stepMs;
  }

  #time(): number {
    return this.#clock.now() + this.#ahead();
  }

  #ahead(): number {
    return Math.max(this.#aheadMs, wallTimeOf(this.#clock) - this.#clock.now());
  }
}
