/**
 * Tasks by the second in which they are due: one linked list per second over typed arrays, so that 100,000 agents cost
 * 800 KB and each step O(1). Within a second the order is any.
 */
export class SecondQueue {
  readonly #first: Int32Array;
  readonly #following: Int32Array;

  /** `tasks`: tasks are the numbers below; each may wait once at a time. */
  constructor(seconds: number, tasks: number) {
    this.#first = new Int32Array(seconds).fill(-1);
    this.#following = new Int32Array(tasks);
  }

  /** A time beyond the end is forgotten. */
  add(task: number, atMs: number): void {
    const second = Math.floor(atMs / 1000);
    if (second < this.#first.length) {
      this.#following[task] = this.#first[second] ?? -1;
      this.#first[second] = task;
    }
  }

  /** Calls back with each task of the second, also with those added to it meanwhile. */
  run(second: number, perform: (task: number) => void): void {
    for (;;) {
      const task = this.#first[second] ?? -1;
      if (task === -1) {
        return;
      }
      this.#first[second] = this.#following[task] ?? -1;
      perform(task);
    }
  }
}
