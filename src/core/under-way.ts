/** Work that has begun and is not complete. */
export class UnderWay {
  readonly #all = new Set<Promise<unknown>>();

  /** @param work never rejects. */
  add(work: Promise<unknown>): void {
    this.#all.add(work);
    void work.then(() => this.#all.delete(work));
  }

  /** Resolves when all that is under way now is complete. */
  async ended(): Promise<void> {
    await Promise.all(this.#all);
  }
}
