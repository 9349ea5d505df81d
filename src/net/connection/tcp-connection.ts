import type { Socket } from "node:net";
import type { ServerEndpoint } from "../../core/server-endpoint.ts";
import { transportFailure } from "./connection-error.ts";
import { dial } from "./dial.ts";
import type { CallOptions, Closure, ConnectionState, HeldConnection } from "./held-connection.ts";
import { closureError, SocketLifetime } from "./socket-lifetime.ts";

/**
 * A bare TCP connection, for servers whose protocol is unknown. That it opens proves only that the server's kernel is
 * reachable: a stopped process still accepts. Whatever the server sends is dropped.
 */
export class TcpConnection implements HeldConnection {
  readonly endpoint: ServerEndpoint;
  /** What it sends is dropped. */
  readonly receivedBytes = 0;
  readonly #lifetime: SocketLifetime;

  private constructor(endpoint: ServerEndpoint, socket: Socket) {
    this.endpoint = endpoint;
    this.#lifetime = new SocketLifetime(socket, {
      server: endpoint.key,
      failure: (cause) => transportFailure(endpoint.key, cause),
      onEnd: () => undefined,
    });
    // An unread stream never reports that the server ended it.
    socket.resume();
  }

  static async open(endpoint: ServerEndpoint, options: CallOptions): Promise<TcpConnection> {
    return new TcpConnection(endpoint, await dial(endpoint, options));
  }

  get state(): ConnectionState {
    return this.#lifetime.state;
  }

  get closed(): Promise<Closure> {
    return this.#lifetime.closed;
  }

  /** Resolves at once while the connection is open; there is no question that every TCP server answers. */
  ping({ signal }: CallOptions): Promise<void> {
    const { state } = this;
    if (signal?.aborted === true) {
      return Promise.reject(signal.reason as Error);
    }
    return state.phase === "open"
      ? Promise.resolve()
      : Promise.reject(closureError(this.endpoint.key, state.closure));
  }

  close(): void {
    this.#lifetime.end();
  }
}
