/**
 * Answers that are made once, however many readers are given them: those who wait for news of a pool are woken by the
 * same event, some in the same moment, and ask for the same.
 */
export class SharedAnswers {
  readonly #made = new Map<string, string>();

  /**
   * What `make` returns; that of the first call with this key while the present callback and what follows from it go
   * on. Nothing else happens meanwhile, so that nobody is given what was.
   *
   * @param key names all that the answer depends on, but for what is true at this moment.
   */
  of(key: string, make: () => string): string {
    if (this.#made.size === 0) {
      // Comes when all that the event has woken is done.
      process.nextTick(() => {
        this.#made.clear();
      });
    }
    const made = this.#made.get(key) ?? make();
    this.#made.set(key, made);
    return made;
  }
}
