import type { CallOptions } from "./held-connection.ts";

// What setTimeout can count: 2^31 - 1 ms = 24.8 days. A longer wait would fire at once.
const LONGEST_TIMER_MS = 2_147_483_647;

/** Starts the work and returns what ends it. The end function is called exactly once, after the promise settled. */
type Work<T> = (resolve: (value: T) => void, reject: (error: Error) => void) => () => void;

/**
 * Settles in bounded time: with the work's outcome, with `expired()` after `timeoutMs`, or with the signal's reason when it is
 * aborted. An answer that arrived in time counts, also when this process stalled and reads it late. No timer and no listener
 * outlives it, and the work never starts under an aborted signal.
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
  // Timers run before sockets are read: after a stall of this process the answer may be there already, unread.
  const onTimeout = (): void => {
    setImmediate(() => {
      reject(expired());
    });
  };
  const timer = setTimeout(onTimeout, Math.min(timeoutMs, LONGEST_TIMER_MS));
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

/**
 * For several steps that share one time limit: each call of the returned function tells what is left of it, from now.
 */
export function sharedDeadline({ timeoutMs, signal }: CallOptions): () => CallOptions {
  const endsAt = performance.now() + timeoutMs;
  return () => ({ timeoutMs: Math.max(0, endsAt - performance.now()), signal });
}
