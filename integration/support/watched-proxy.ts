/** Stands between a browser and the agent: tells what the browser asks for, and can be cut. */
import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export class WatchedProxy implements AsyncDisposable {
  readonly #server: Server;
  /** Paths of all that was asked for. */
  readonly asked: string[] = [];
  #streams = 0;
  #port = 0;

  private constructor(agentPort: number) {
    this.#server = createServer((asked, answer) => {
      const path = asked.url ?? "/";
      this.asked.push(path);
      const { headers, method } = asked;
      const forwarded = request({ host: "127.0.0.1", port: agentPort, path, method, headers }, (reply) => {
        const isStream = reply.headers["content-type"]?.includes("ndjson") ?? false;
        this.#streams += isStream ? 1 : 0;
        answer.writeHead(reply.statusCode ?? 502, reply.headers);
        answer.flushHeaders();
        reply.pipe(answer);
        reply.once("close", () => {
          this.#streams -= isStream ? 1 : 0;
        });
      });
      forwarded.once("error", () => answer.destroy());
      answer.once("close", () => forwarded.destroy());
      asked.pipe(forwarded);
    });
  }

  static async start(agentPort: number): Promise<WatchedProxy> {
    const proxy = new WatchedProxy(agentPort);
    await proxy.mend();
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  /** All connections break, and none is taken. */
  async cut(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  /** Connections are taken, at the same port as before. */
  async mend(): Promise<void> {
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Streams of events that are open now. */
  get streams(): number {
    return this.#streams;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) {
      await this.cut();
    }
  }
}
