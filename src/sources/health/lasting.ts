import type { Clock } from "../../core/ports.ts";
import { delay } from "../../core/time/delay.ts";
import type { HeldConnection } from "../../net/connection/held-connection.ts";
import { closureError } from "../../net/connection/socket-lifetime.ts";
import { SHORT_LIFE_MS } from "./server-health.ts";

/**
 * Resolves when the connection has lasted, rejects when it closes at once, or with the reason of the signal. Leaves no
 * timer.
 */
export async function lasts(connection: HeldConnection, clock: Clock, signal: AbortSignal): Promise<void> {
  const closed = new AbortController();
  void connection.closed.then(() => {
    closed.abort();
  });
  await delay(clock, SHORT_LIFE_MS, AbortSignal.any([signal, closed.signal]));
  signal.throwIfAborted();
  const { state } = connection;
  if (state.phase === "closed") {
    throw closureError(connection.endpoint.key, state.closure);
  }
}
