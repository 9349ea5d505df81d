import type { Clock } from "../../core/ports.ts";

/** Readers that are woken at a time: some 1 ms of work for the agent, and as much for them. */
const AT_A_TIME = 8;

/** 64 readers are all awake after 7 pauses. */
const PAUSE_MS = 1;

/**
 * Wakes many who wait for the same news a few at a time. All at once, they and the agent would want every processor for
 * some milliseconds, which DNS on the same machine would have to wait for.
 */
export class Waking {
  readonly #clock: Clock;
  readonly #due: (() => void)[] = [];
  #isBusy = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls back when its turn comes: the first ones still in the present turn of the event loop. */
  add(wake: () => void): void {
    this.#due.push(wake);
    if (!this.#isBusy) {
      this.#isBusy = true;
      // All who are told of the same event are here by then.
      queueMicrotask(() => {
        this.#next();
      });
    }
  }

  #next(): void {
    for (const wake of this.#due.splice(0, AT_A_TIME)) {
      wake();
    }
    this.#isBusy = this.#due.length > 0;
    if (this.#isBusy) {
      this.#clock.after(PAUSE_MS, () => {
        this.#next();
      });
    }
  }
}
