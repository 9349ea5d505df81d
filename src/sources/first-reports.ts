/** What a pool's first server may come from. A heartbeat to Nomad is none of them: it needs a server to go to. */
export type FirstSource = "static" | "consul" | "push";

/**
 * Which sources of a pool have yet to report for the first time. Until all have, or there was a server, a pool without
 * one is starting; after that it is empty.
 */
export class FirstReports {
  readonly #changed: () => void;
  #sources: ReadonlySet<FirstSource>;
  readonly #awaited: Set<FirstSource>;
  #hasEnded = false;

  /** @param changed called once, when nothing is waited for any more. */
  constructor(sources: Iterable<FirstSource>, changed: () => void) {
    this.#sources = new Set(sources);
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

  /** The pool has these sources now: a new one is waited for, one that went is not. */
  expect(sources: readonly FirstSource[]): void {
    const before = this.#sources;
    this.#sources = new Set(sources);
    if (this.#hasEnded) {
      return;
    }
    for (const source of sources.filter((one) => !before.has(one))) {
      this.#awaited.add(source);
    }
    for (const source of before.values().filter((one) => !this.#sources.has(one))) {
      this.arrived(source);
    }
  }

  /** There was a server: whatever the list becomes, it has started. */
  end(): void {
    this.#hasEnded = true;
    this.#awaited.clear();
  }
}
