/**
 * The things that were used last, at most `limit` of them: one more takes the place of the one that was unused longest.
 */
export class MostRecent<Thing> implements Iterable<Thing> {
  readonly #limit: number;
  /** In the order of their last use: the first was unused longest. */
  readonly #things = new Set<Thing>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#things.size;
  }

  /** @returns the thing that made room; whoever owns it ends it. */
  add(thing: Thing): Thing | undefined {
    const first = this.#things.size < this.#limit ? undefined : this.#things.values().next().value;
    if (first !== undefined) {
      this.#things.delete(first);
    }
    this.#things.add(thing);
    return first;
  }

  /** What made room meanwhile stays out. */
  used(thing: Thing): void {
    if (this.#things.delete(thing)) {
      this.#things.add(thing);
    }
  }

  delete(thing: Thing): void {
    this.#things.delete(thing);
  }

  [Symbol.iterator](): Iterator<Thing> {
    return this.#things.values();
  }
}
