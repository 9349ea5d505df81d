import type { Clock } from "../ports.ts";

/**
 * A wait whose end may come nearer while it lasts; further away only by `changeTo`. It ends once each time it was
 * begun, never at once.
 */
export class ShrinkingWait {
  readonly #clock: Clock;
  readonly #over: () => void;
  #startedAt = 0;
  #lengthMs = Number.POSITIVE_INFINITY;
  #cancel: () => void = () => undefined;

  constructor(clock: Clock, over: () => void) {
    this.#clock = clock;
    this.#over = over;
  }

  /** Waits for so long from now, whatever was waited for before. */
  begin(lengthMs: number): void {
    this.#startedAt = this.#clock.now();
    this.#lengthMs = Number.POSITIVE_INFINITY;
    this.shortenTo(lengthMs);
  }

  /** Waits for no longer than this, counted from where the wait began; at once over when that has passed. */
  shortenTo(lengthMs: number): void {
    if (lengthMs < this.#lengthMs) {
      this.#lengthMs = lengthMs;
      this.#cancel();
      const passedMs = this.#clock.now() - this.#startedAt;
      this.#cancel = this.#clock.after(Math.max(0, lengthMs - passedMs), this.#over);
    }
  }

  /** Waits for exactly this, counted from where the wait began; at once over when that has passed. */
  changeTo(lengthMs: number): void {
    this.#lengthMs = Number.POSITIVE_INFINITY;
    this.shortenTo(lengthMs);
  }

  /** When it ends, by `Clock.now`. */
  get endsAt(): number {
    return this.#startedAt + this.#lengthMs;
  }

  /** Ends it without a word; leaves no timer. */
  cancel(): void {
    this.#cancel();
  }
}
