import { type AddressInfo, createServer, isIPv6, type Server, type Socket } from "node:net";
import { MostRecent } from "../../../core/most-recent.ts";
import type { Counters } from "../counters.ts";
import type { Responder } from "./responder.ts";
import { ClientConnection } from "./tcp-client.ts";
import { CHECKS_PER_IDLE_TIME, TCP_LIMITS, type TcpLimits } from "./tcp-limits.ts";
import type { WaitingRoom } from "./waiting-room.ts";

/**
 * The DNS server for TCP: length-prefixed messages, several per connection, answered in order but for those that wait
 * (RFC 7766).
 */
export class TcpListener {
  readonly #server: Server;
  readonly #connections: MostRecent<ClientConnection>;
  readonly #limits: TcpLimits;
  readonly #counters: Counters;
  #checking: NodeJS.Timeout | undefined;

  constructor(responder: Responder, waitingRoom: WaitingRoom, counters: Counters, limits = TCP_LIMITS) {
    this.#limits = limits;
    this.#connections = new MostRecent(limits.maxConnections);
    this.#counters = counters;
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
      this.#accept(socket, responder, waitingRoom);
    });
  }

  /** Resolves with the port when listening, rejects with the system's error. */
  async listen(port: number, host: string): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.#server.once("error", reject);
    this.#server.listen({ port, host, exclusive: true, ipv6Only: isIPv6(host), backlog: 1024 }, () => {
      resolve(undefined);
    });
    await promise;
    this.#server.off("error", reject);
    // Accepting can fail; the next attempt is the kernel's. For want of file descriptors the runtime mostly accepts and
    // closes the connection by itself, and says nothing.
    this.#server.on("error", () => {
      this.#counters.event("socketErrors");
    });
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    clearInterval(this.#checking);
    this.#server.close();
    for (const connection of this.#connections) {
      connection.close();
    }
  }

  #accept(socket: Socket, responder: Responder, waitingRoom: WaitingRoom): void {
    this.#counters.event("tcpConnections");
    const connection = new ClientConnection(
      socket,
      responder,
      waitingRoom,
      this.#counters,
      performance.now(),
      {
        answered: () => {
          this.#connections.used(connection);
        },
        closed: () => {
          this.#connections.delete(connection);
        },
      },
    );
    // Without a connection nothing is looked for: a timer wakes an idle machine.
    this.#checking ??= setInterval(() => {
      this.#expire(performance.now());
    }, this.#limits.idleMs / CHECKS_PER_IDLE_TIME);
    const silent = this.#connections.add(connection);
    if (silent !== undefined) {
      this.#counters.event("tcpEvicted");
      silent.close();
    }
  }

  #expire(now: number): void {
    if (this.#connections.size === 0) {
      clearInterval(this.#checking);
      this.#checking = undefined;
    }
    for (const connection of this.#connections) {
      if (
        now - connection.lastQueryAt > this.#limits.idleMs ||
        now - connection.openedAt > this.#limits.lifetimeMs
      ) {
        this.#counters.event("tcpExpired");
        connection.close();
      }
    }
  }
}
