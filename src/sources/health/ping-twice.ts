import type { Patience } from "../../core/pool-view.ts";
import type { Clock } from "../../core/ports.ts";
import type { CallOptions, HeldConnection } from "../../net/connection/held-connection.ts";
import type { Silence } from "./server-health.ts";
import { SilenceTimer } from "./silence-timer.ts";

interface AskingOptions extends CallOptions {
  readonly clock: Clock;
  readonly patience: Patience;
  /** The answer is late: the server is asked again. */
  readonly onLate: () => void;
  /** Nothing has come for longer than it ever took: told again and again. */
  readonly onSilent: (silence: Silence) => void;
}

/** What came of a question. */
export interface Asked {
  /** `undefined`: the server answered. */
  readonly error: unknown;
  /** Milliseconds, as this process lived through them. */
  readonly tookMs: number;
}

/**
 * Pings over the connection, and a second time when the answer is late: a packet that was lost is missed sooner when
 * another one follows it. Either answer counts; the time limit is that of the first. Never rejects.
 */
export async function pingTwice(connection: HeldConnection, options: AskingOptions): Promise<Asked> {
  const { clock, onLate, onSilent, patience, signal, timeoutMs } = options;
  const { lateMs, silentMs, usualMs } = patience;
  const second = Promise.withResolvers<undefined>();
  const { receivedBytes } = connection;
  let lateAt = 0;
  const timer = new SilenceTimer({
    clock,
    lateMs,
    silentMs,
    onLate: () => {
      lateAt = clock.now();
      connection.ping({ timeoutMs, signal }).then(
        () => {
          second.resolve(undefined);
        },
        () => undefined,
      );
      onLate();
    },
    onSilent: () => {
      if (connection.receivedBytes === receivedBytes) {
        onSilent({ lateAt, silentMs: timer.livedMs(), usualMs });
      }
    },
  });
  try {
    await Promise.race([connection.ping({ timeoutMs, signal }), second.promise]);
    return { error: undefined, tookMs: timer.livedMs() };
  } catch (error) {
    return { error: error ?? new Error("no answer"), tookMs: timer.livedMs() };
  } finally {
    timer.end();
  }
}
