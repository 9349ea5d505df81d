import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { ServerEndpoint } from "../../src/core/server-endpoint.ts";
import type { Scope } from "./scope.ts";

export interface ScriptedServer {
  readonly endpoint: ServerEndpoint;
  /** `127.0.0.1:port`. */
  readonly address: string;
  readonly port: number;
  /** Connections that are open now. */
  readonly sockets: ReadonlySet<Socket>;
  /** Connections that there were so far. */
  readonly accepted: () => number;
  /** Ends all connections and lets nobody in any more; idempotent. Resolves when the port is free. */
  stop(): Promise<void>;
}

/**
 * A bare TCP server on a free port of 127.0.0.1 that does with each connection what the test says. Stops with the
 * scope.
 */
export async function scriptedServer(
  scope: Scope,
  onConnection: (socket: Socket) => void,
): Promise<ScriptedServer> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    onConnection(socket);
  });
  const closed = once(server, "close");
  const stop = async (): Promise<void> => {
    server.close();
    for (const socket of sockets) {
      socket.destroy();
    }
    await closed;
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  scope.after(stop);
  const { port } = server.address() as AddressInfo;
  const address = `127.0.0.1:${port}`;
  return {
    endpoint: ServerEndpoint.fromLiteral(address),
    address,
    port,
    sockets,
    accepted: () => accepted,
    stop,
  };
}

/** A port that somebody had just now at 127.0.0.1: who connects is refused, at every loopback address. */
export async function closedPort(scope: Scope): Promise<number> {
  const server = await scriptedServer(scope, () => undefined);
  await server.stop();
  return server.port;
}
