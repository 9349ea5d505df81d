/** What a pool's first server may come from. A heartbeat to Nomad is none of them: it needs a server to go to. */
export type FirstSource = "static" | "consul" | "push";

/**
 * Which sources of a pool have yet to report for the first time. Until all have, or there was a server, a pool without
 * one is starting; after that it is empty.
 */
export class FirstReports {
  readonly #awaited: Set<FirstSource>;
  readonly #changed: () => void;

  /** @param changed called once, when nothing is waited for any more. */
  constructor(sources: Iterable<FirstSource>, changed: () => void) {
    this.#awaited = new Set(sources);
    this.#changed = changed;
  }

  get areComplete(): boolean {
    return this.#awaited.size === 0;
  }

  arrived(source: FirstSource): void {
    if (this.#awaited.delete(source) && this.areComplete) {
      this.#changed();
    }
  }

  /** There was a server: whatever the list becomes, it has started. */
  end(): void {
    this.#awaited.clear();
  }
}
