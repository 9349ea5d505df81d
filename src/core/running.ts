import { UnderWay } from "./under-way.ts";

/** What lives until a signal aborts. */
export interface Runnable {
  /**
   * Begins in this turn and waits for nothing; acts no more from the turn of the abort on. Does nothing when the signal
   * has aborted. A second call joins the first. After the abort it runs anew, unless it says that it is for one life.
   * @returns a promise that resolves when no connection, query or timer is left. It never rejects.
   */
  run(signal: AbortSignal): Promise<void>;
}

/** The things that run now, each until it is no longer wanted. */
export class Running<Thing extends Runnable = Runnable> {
  readonly #lives = new Map<Thing, AbortController>();
  readonly #runs = new UnderWay();

  /** Ends what is not wanted any more, the last begun first; then begins what does not run yet, in the given order. */
  follow(wanted: Iterable<Thing>): void {
    const all = new Set(wanted);
    for (const [thing, life] of [...this.#lives].reverse()) {
      if (!all.has(thing)) {
        this.#lives.delete(thing);
        life.abort();
      }
    }
    for (const thing of all) {
      if (!this.#lives.has(thing)) {
        this.#begin(thing);
      }
    }
  }

  /** Ends all. Resolves when each has let go of everything, also those that were ended before. */
  async end(): Promise<void> {
    this.follow([]);
    await this.#runs.ended();
  }

  #begin(thing: Thing): void {
    const life = new AbortController();
    this.#lives.set(thing, life);
    this.#runs.add(thing.run(life.signal));
  }
}
