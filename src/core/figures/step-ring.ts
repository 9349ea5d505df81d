/** One number for each of the last steps of time, or none: it takes the same memory for ever. */
export class StepRing {
  /** `NaN`: none. */
  readonly #values: Float32Array;
  #newest = Number.NEGATIVE_INFINITY;

  constructor(steps: number) {
    this.#values = new Float32Array(steps).fill(Number.NaN);
  }

  /** The step that was noted last. */
  get newest(): number {
    return this.#newest;
  }

  /** Steps are whole numbers, and rise; those that are left out have no value. */
  note(step: number, value: number | undefined): void {
    const { length } = this.#values;
    for (let left = Math.max(this.#newest, step - length) + 1; left < step; left++) {
      this.#values[left % length] = Number.NaN;
    }
    this.#values[step % length] = value ?? Number.NaN;
    this.#newest = step;
  }

  /** The values of all steps up to this one, the oldest first. */
  upTo(step: number): readonly (number | undefined)[] {
    const first = step - this.#values.length + 1;
    return Array.from(this.#values, (_, index) => this.#at(first + index));
  }

  #at(step: number): number | undefined {
    const { length } = this.#values;
    const isHeld = step <= this.#newest && step > this.#newest - length;
    const value = isHeld ? this.#values[step % length] : undefined;
    return value === undefined || Number.isNaN(value) ? undefined : value;
  }
}
