import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Scope } from "./scope.ts";

/** What the proxy does to its connections, to open ones and to new ones alike. */
export type Fault =
  | { readonly kind: "none" }
  /** Nobody listens; open connections end. */
  | { readonly kind: "refuse" }
  /** Connections are accepted, and nothing passes any more. */
  | { readonly kind: "blackhole" }
  /** Each piece of an answer comes `delayMs` milliseconds late. */
  | { readonly kind: "slow"; readonly delayMs: number }
  | { readonly kind: "reset" }
  /** Each connection ends after so many bytes of answer. */
  | { readonly kind: "cut"; readonly afterBytes: number };

/** A TCP proxy on 127.0.0.1 that fails as it is told. */
export class ScriptedTcpProxy {
  readonly #target: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;
  #fault: Fault = { kind: "none" };
  /** Connections that were accepted. */
  accepted = 0;

  private constructor(target: string) {
    const url = new URL(target);
    this.#target = { host: url.hostname, port: Number(url.port) };
  }

  /** In front of `target`, on a free port; ends with the scope. */
  static async start(scope: Scope, target: string): Promise<ScriptedTcpProxy> {
    const started = new ScriptedTcpProxy(target);
    await started.#listen();
    scope.after(() => started.#stop());
    return started;
  }

  async #listen(): Promise<void> {
    this.#server = createServer((socket) => {
      this.#accept(socket);
    });
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async fail(fault: Fault): Promise<void> {
    const wasRefusing = this.#fault.kind === "refuse";
    this.#fault = fault;
    if (fault.kind === "refuse") {
      await this.#stop();
    } else if (wasRefusing) {
      await this.#listen();
    }
    if (fault.kind === "reset") {
      for (const socket of this.#sockets) {
        socket.resetAndDestroy();
      }
    }
  }

  async #stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) {
      return;
    }
    const closed = once(server, "close");
    server.close();
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    await closed;
  }

  #accept(client: Socket): void {
    this.accepted += 1;
    if (this.#fault.kind === "reset") {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(this.#target);
    let answered = 0;
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        if (this.#fault.kind !== "blackhole") {
          other.destroy();
        }
      });
    }
    client.on("data", (chunk) => {
      if (this.#fault.kind !== "blackhole") {
        upstream.write(chunk);
      }
    });
    upstream.on("data", (chunk) => {
      answered += chunk.length;
      this.#answer(client, chunk, answered);
    });
  }

  #answer(client: Socket, chunk: Buffer, answered: number): void {
    const fault = this.#fault;
    switch (fault.kind) {
      case "none":
        client.write(chunk);
        return;
      case "slow":
        setTimeout(() => client.write(chunk), fault.delayMs).unref();
        return;
      case "cut": {
        const keep = chunk.length - Math.max(answered - fault.afterBytes, 0);
        client.end(chunk.subarray(0, Math.max(keep, 0)));
        return;
      }
      case "blackhole":
      case "refuse":
      case "reset":
        return;
    }
  }
}
