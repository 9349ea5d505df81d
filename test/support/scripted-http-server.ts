import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Scope } from "./scope.ts";

export interface ScriptedHttpServer {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  readonly server: Server;
}

/** An HTTP server on a free port of 127.0.0.1 that answers as the test says, or not at all. Ends with the scope. */
export async function scriptedHttpServer(
  scope: Scope,
  onRequest: RequestListener,
): Promise<ScriptedHttpServer> {
  const server = createServer(onRequest).listen(0, "127.0.0.1");
  await once(server, "listening");
  scope.after(async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
