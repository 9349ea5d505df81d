import { DatagramBatch } from "./datagram-batch.ts";
import type { SystemCalls } from "./system-calls.ts";

/** Costs of a call shared by so many messages are not worth more memory: 158 KB. */
const BATCH_SIZE = 64;

/** What the listeners of a thread have in common: system calls, and the memory that they work on. */
export class Batches {
  readonly calls: SystemCalls;
  /** For what has arrived. */
  readonly many: DatagramBatch;
  /** For an answer that comes late, maybe while `many` is in use. */
  readonly one: DatagramBatch;
  /** Called before queries are answered: what the main thread has said until then counts for them. */
  readonly catchUp: () => void;

  constructor(calls: SystemCalls, catchUp: () => void) {
    this.calls = calls;
    this.many = new DatagramBatch(calls, BATCH_SIZE);
    this.one = new DatagramBatch(calls, 1);
    this.catchUp = catchUp;
  }
}
