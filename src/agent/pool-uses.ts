import type { Clock } from "../core/ports.ts";
import { PoolUse } from "./pool-use.ts";

/** More than there may be open files for connections of pools. Memory that nobody has touched is none. */
const SLOTS = 65_536;

/** Which pools are asked for, as the answering threads note it in memory that they share. */
export class PoolUses {
  readonly #clock: Clock;
  readonly #marks = new Uint8Array(new SharedArrayBuffer(SLOTS));
  readonly #bySlot = new Map<number, PoolUse>();
  #readers = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A byte for each slot: see `USE_MARK`. */
  get memory(): SharedArrayBuffer {
    return this.#marks.buffer;
  }

  /** Of a pool that begins. @param onAsked called when the pool is asked for after it was idle. */
  begin(onAsked: () => void): PoolUse {
    const slot = this.#freeSlot();
    Atomics.store(this.#marks, slot, 0);
    const use = new PoolUse({
      slot,
      marks: this.#marks,
      clock: this.#clock,
      onAsked,
      hasReaders: () => this.#readers > 0,
      onEnd: () => {
        // One that has ended may end again, when the slot is another pool's.
        if (this.#bySlot.get(slot) === use) {
          this.#bySlot.delete(slot);
        }
      },
    });
    this.#bySlot.set(slot, use);
    return use;
  }

  /** An answering thread tells of a question about a pool that was idle. */
  asked(slot: number): void {
    this.#bySlot.get(slot)?.asked();
  }

  /** A reader is told of every change from now on: all pools are asked for. @returns the function that ends it. */
  beginReading(): () => void {
    this.#readers += 1;
    for (const use of this.#bySlot.values()) {
      use.asked();
    }
    return () => {
      this.#readers -= 1;
    };
  }

  /** One of more slots than are taken is free. */
  #freeSlot(): number {
    let slot = this.#bySlot.size;
    while (this.#bySlot.has(slot)) {
      slot -= 1;
    }
    return slot;
  }
}
