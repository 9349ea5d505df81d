/** Orders overlapping calls of one kind: what an earlier call found never replaces what a later one found. */
export class CallOrder {
  #begun = 0;
  #applied = 0;

  begin(): { isLatestToApply(): boolean } {
    const call = ++this.#begun;
    return {
      isLatestToApply: () => {
        const latest = call > this.#applied;
        this.#applied = Math.max(this.#applied, call);
        return latest;
      },
    };
  }
}
