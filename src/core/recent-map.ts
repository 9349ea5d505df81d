/** What was set lately: beyond its bound, the entry that was set longest ago is forgotten. Iterates from there on. */
export class RecentMap<Value> {
  readonly #entries = new Map<string, Value>();
  readonly #bound: number;

  constructor(bound: number) {
    this.#bound = bound;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key);
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#bound) {
      this.#entries.delete(this.#entries.keys().next().value ?? "");
    }
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  /** The entry that was set longest ago first. */
  [Symbol.iterator](): IterableIterator<[string, Value]> {
    return this.#entries[Symbol.iterator]();
  }

  /** Forgets entries, the one that was set longest ago first, for as long as they are old. */
  forgetWhile(isOld: (value: Value) => boolean): void {
    for (const [key, value] of this.#entries) {
      if (!isOld(value)) {
        return;
      }
      this.#entries.delete(key);
    }
  }
}
