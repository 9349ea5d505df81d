import type { HistogramValues } from "./samples.ts";

/** Counts numbers by their size. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #buckets: number[];
  #sum = 0;

  /** @param bounds upper bounds, rising. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#buckets = new Array<number>(bounds.length + 1).fill(0);
  }

  add(value: number): void {
    const found = this.#bounds.findIndex((bound) => value <= bound);
    const bucket = found === -1 ? this.#bounds.length : found;
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  values(): HistogramValues {
    return { bounds: this.#bounds, buckets: [...this.#buckets], sum: this.#sum };
  }
}
