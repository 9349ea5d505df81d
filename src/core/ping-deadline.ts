import type { Clock } from "./ports.ts";

/**
 * Runs `ping` with a deadline of its own, and gives up at once when `signal` aborts, whatever the ping does.
 * Rejects with the ping's error, `no answer within … ms`, or the signal's reason; leaves no timer or listener behind.
 */
export async function withinDeadline(
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  ping: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const controller = new AbortController();
  const gaveUp = Promise.withResolvers<never>();
  const giveUp = (reason: unknown) => {
    gaveUp.reject(reason);
    controller.abort(reason);
  };
  const onAbort = () => {
    giveUp(signal?.reason);
  };
  const cancel = clock.after(timeoutMs, () => {
    giveUp(new Error(`no answer within ${timeoutMs} ms`));
  });
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    signal?.throwIfAborted();
    await Promise.race([ping(controller.signal), gaveUp.promise]);
  } finally {
    cancel();
    signal?.removeEventListener("abort", onAbort);
  }
}
