import type { PingContext, Pinger } from "../core/ports.ts";
import type { ServerEndpoint } from "../core/server-endpoint.ts";
import { provesLife } from "./connection-error.ts";
import { sharedDeadline } from "./deadline.ts";
import type { Connector, HeldConnection } from "./held-connection.ts";

interface PingerOptions {
  /** For one ping, the connection included: milliseconds. */
  readonly timeoutMs: number;
  /** An open connection that someone else holds to this server; it is used and left open. */
  readonly held?: (server: ServerEndpoint) => HeldConnection | undefined;
}

/**
 * Pings servers over connections of one kind. Without a held connection each ping opens one of its own and closes it, whatever
 * happens: a stopped server accepts, so only the answer counts. An application error is one.
 */
export class ConnectionPinger implements Pinger {
  readonly #connector: Connector;
  readonly #options: PingerOptions;

  constructor(connector: Connector, options: PingerOptions) {
    this.#connector = connector;
    this.#options = options;
  }

  async ping(server: ServerEndpoint, { signal }: PingContext): Promise<void> {
    const left = sharedDeadline({ timeoutMs: this.#options.timeoutMs, signal });
    const held = this.#options.held?.(server);
    if (held?.state.phase === "open") {
      await answered(held.ping(left()));
      return;
    }
    const connection = await this.#connector.open(server, left());
    try {
      await answered(connection.ping(left()));
    } finally {
      connection.close();
    }
  }
}

async function answered(ping: Promise<void>): Promise<void> {
  try {
    await ping;
  } catch (error) {
    if (!provesLife(error)) {
      throw error;
    }
  }
}
