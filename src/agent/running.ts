/** What lives between a start and a stop. A part that was stopped may be started again. */
export interface Part {
  /** Waits for nothing. */
  start(): void;
  /** Resolves, or returns, when no connection, query or timer is left. */
  stop(): Promise<void> | void;
}

/** The parts that run now, each until it is no longer wanted. */
export class Running {
  #parts: readonly Part[] = [];
  /** Stops under way. */
  readonly #ending = new Set<Promise<void>>();

  /** Ends the parts that are not wanted any more, then starts the wanted ones that don't run yet, in their order. */
  follow(wanted: readonly Part[]): void {
    const before = this.#parts;
    this.#parts = wanted;
    for (const part of before.filter((other) => !wanted.includes(other)).reverse()) {
      this.#end(part);
    }
    for (const part of wanted.filter((other) => !before.includes(other))) {
      part.start();
    }
  }

  /** Ends all, the last begun first. Resolves when each has let go of everything, those that were ended before, too. */
  async end(): Promise<void> {
    this.follow([]);
    await Promise.all(this.#ending);
  }

  #end(part: Part): void {
    const ended = Promise.resolve(part.stop());
    this.#ending.add(ended);
    void ended.then(() => this.#ending.delete(ended));
  }
}
