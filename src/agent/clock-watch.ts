import type { AgentEvent } from "../core/journal-event.ts";
import type { Clock } from "../core/ports.ts";
import { wallTimeOf } from "../core/time/wall-time.ts";

/** How often the two clocks are compared: a jump is told within this, for 12 look-ups of the time a minute. */
const LOOK_EVERY_MS = 5_000;

/** A clock that is being corrected runs up to 0.05% off (NTP), 2.5 ms in 5 s; a late timer counts in both clocks. */
const JUMP_MS = 1_000;

/**
 * Notices that somebody set the machine's clock, or that the machine slept, and says so once for each jump. Nothing
 * else follows from it.
 */
export class ClockWatch {
  readonly #clock: Clock;
  readonly #note: (event: AgentEvent) => void;
  #cancel: (() => void) | undefined;
  #differenceMs = 0;

  constructor(clock: Clock, note: (event: AgentEvent) => void) {
    this.#clock = clock;
    this.#note = note;
  }

  start(): void {
    if (this.#cancel === undefined) {
      this.#differenceMs = this.#difference();
      this.#lookLater();
    }
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #lookLater(): void {
    this.#cancel = this.#clock.after(LOOK_EVERY_MS, () => {
      this.#look();
      this.#lookLater();
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
