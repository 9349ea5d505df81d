/** Counts by name. Every name that is known from the start begins with 0. */
export class Tally {
  readonly #counts: Map<string, number>;

  constructor(names: readonly string[] = []) {
    this.#counts = new Map(names.map((name) => [name, 0]));
  }

  /** Names begin with 0 when they are first heard of. */
  expect(name: string): void {
    this.#counts.set(name, this.#counts.get(name) ?? 0);
  }

  add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  entries(): IterableIterator<[name: string, count: number]> {
    return this.#counts.entries();
  }
}
