import { type AddressInfo, createServer, type Socket } from "node:net";
import { ServerEndpoint } from "../../src/core/server-endpoint.ts";

export interface ScriptedServer extends AsyncDisposable {
  readonly endpoint: ServerEndpoint;
  readonly sockets: ReadonlySet<Socket>;
}

/** A bare TCP server on loopback that does with each connection what the test says. */
export async function scriptedServer(onConnection: (socket: Socket) => void): Promise<ScriptedServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: ServerEndpoint.fromLiteral(`127.0.0.1:${port}`),
    sockets,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) {
        socket.destroy();
      }
      await closed;
    },
  };
}
