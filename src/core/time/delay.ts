import type { Clock } from "../ports.ts";

/** Resolves after `delayMs`, or at once when the signal aborts; leaves no timer or listener behind. Never rejects. */
export function delay(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const finish = () => {
      cancel();
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = clock.after(delayMs, finish);
    signal.addEventListener("abort", finish, { once: true });
  });
}

/** Resolves after `delayMs`, at once when that is not positive. Rejects when the signal aborts, with its reason. */
export async function delayOrThrow(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  if (delayMs > 0) {
    await delay(clock, delayMs, signal);
  }
  signal.throwIfAborted();
}
