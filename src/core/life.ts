/**
 * One life after the other of something that lives until a signal aborts. The signal is the only mark of whether it
 * lives, so that nothing has to be marked at the end.
 */
export class Life {
  #signal = AbortSignal.abort();
  #ended: Promise<void> = Promise.resolve();

  /** Aborted before the first life, after the last, and between two. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  isOver(): boolean {
    return this.#signal.aborted;
  }

  /**
   * Calls `live` in this turn, unless the signal has aborted. A call while there is a life joins that one.
   * @returns what `live` returned: it resolves when nothing is left.
   */
  run(signal: AbortSignal, live: () => Promise<void>): Promise<void> {
    if (this.isOver() && !signal.aborted) {
      this.#signal = signal;
      this.#ended = live();
    }
    return this.#ended;
  }
}

/** Calls `end` in the turn in which the signal aborts, at once when it has; resolves when the end is complete. */
export async function atAbort(signal: AbortSignal, end: () => unknown): Promise<void> {
  await new Promise((resolve) => {
    const finish = () => {
      resolve(end());
    };
    if (signal.aborted) {
      finish();
    } else {
      signal.addEventListener("abort", finish, { once: true });
    }
  });
}
