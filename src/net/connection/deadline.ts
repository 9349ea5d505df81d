import type { CallOptions } from "./held-connection.ts";

// What setTimeout can count: 2^31 - 1 ms = 24.8 days. A longer wait would fire at once.
const LONGEST_TIMER_MS = 2_147_483_647;

/**
 * A time limit passes in parts, and each counts once, however late it ends: while this machine stands still, or this
 * process gets no turn, nobody can answer. With 500 ms, a stall of 3 s costs a ping 100 ms of its time.
 */
const PARTS = 5;

/** Starts the work and returns what ends it. The end function is called exactly once, after the promise settled. */
type Work<T> = (resolve: (value: T) => void, reject: (error: Error) => void) => () => void;

/**
 * Settles in bounded time: with the work's outcome, with `expired()` after `timeoutMs`, or with the signal's reason
 * when it is aborted. An answer that arrived in time counts, also when this process stalled and reads it late, and the
 * stall itself does not count. No timer and no listener outlives it, and the work never starts under an aborted signal.
 */
export async function withDeadline<T>(
  { timeoutMs, signal }: CallOptions,
  expired: () => Error,
  work: Work<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = (): void => {
    reject(signal?.reason);
  };
  const partMs = Math.min(timeoutMs, LONGEST_TIMER_MS) / PARTS;
  let timer = setTimeout(onPart, partMs, PARTS - 1);
  function onPart(partsLeft: number): void {
    if (partsLeft > 0) {
      timer = setTimeout(onPart, partMs, partsLeft - 1);
      return;
    }
    // Timers run before sockets are read: after a stall of this process the answer may be there already, unread.
    setImmediate(() => {
      reject(expired());
    });
  }
  signal?.addEventListener("abort", onAbort, { once: true });
  let end: (() => void) | undefined;
  try {
    end = work(resolve, reject);
    return await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    end?.();
  }
}

/** What is left of a time limit that several steps share. No timer outlives its end. */
export interface SharedDeadline extends Disposable {
  (): CallOptions;
}

/**
 * For several steps that share one time limit: each call of the returned function tells what is left of it. It passes
 * in the same parts, each of which counts once: a stall between or during two steps costs at most a part.
 */
export function sharedDeadline({ timeoutMs, signal }: CallOptions): SharedDeadline {
  const partMs = Math.min(timeoutMs, LONGEST_TIMER_MS) / PARTS;
  let partsLeft = PARTS;
  let beganAt = performance.now();
  const onPart = (): void => {
    partsLeft -= 1;
    beganAt = performance.now();
    if (partsLeft > 0) {
      timer = setTimeout(onPart, partMs).unref();
    }
  };
  let timer = setTimeout(onPart, partMs).unref();
  const left = (): CallOptions => {
    const ofThisPart = Math.min(partMs, performance.now() - beganAt);
    return { timeoutMs: Math.max(0, partsLeft * partMs - ofThisPart), signal };
  };
  const end = (): void => {
    clearTimeout(timer);
  };
  return Object.assign(left, { [Symbol.dispose]: end });
}
