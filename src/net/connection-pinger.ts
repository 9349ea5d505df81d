import type { PingContext, Pinger } from "../core/ports.ts";
import type { ServerEndpoint } from "../core/server-endpoint.ts";
import { provesLife } from "./connection-error.ts";
import { sharedDeadline } from "./deadline.ts";
import type { CallOptions, Connector, HeldConnection } from "./held-connection.ts";

interface PingerOptions {
  /** For one ping, the connection included: milliseconds. */
  readonly timeoutMs: number;
}

/** Pings servers, each time over a connection of its own. */
export class ConnectionPinger implements Pinger {
  readonly #connector: Connector;
  readonly #options: PingerOptions;

  constructor(connector: Connector, options: PingerOptions) {
    this.#connector = connector;
    this.#options = options;
  }

  async ping(server: ServerEndpoint, { signal }: PingContext): Promise<void> {
    await askOnce(this.#connector, server, { ...this.#options, signal });
  }
}

/**
 * Opens a connection to the server, pings it once, and closes it, whatever happens. Resolves when the server answered: a
 * stopped one accepts, so only the answer counts. An application error is one. `options` are for the connection and the
 * ping together; `whileOpen` may ask more of the connection than one answer.
 */
export async function askOnce(
  connector: Connector,
  server: ServerEndpoint,
  options: CallOptions,
  whileOpen?: (connection: HeldConnection) => Promise<void>,
): Promise<void> {
  const left = sharedDeadline(options);
  const connection = await answerOf(connector.open(server, left()));
  if (connection === undefined) {
    return;
  }
  try {
    await answerOf(connection.ping(left()));
    await whileOpen?.(connection);
  } finally {
    connection.close();
  }
}

/** `undefined` when the answer is an application error. */
async function answerOf<T>(question: Promise<T>): Promise<T | undefined> {
  try {
    return await question;
  } catch (error) {
    if (!provesLife(error)) {
      throw error;
    }
    return undefined;
  }
}
