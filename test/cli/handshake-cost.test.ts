/** What the program costs servers that count connections without a handshake. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../../scripts/lab/until.ts";
import { RealAgent } from "../support/real-agent.ts";

/** A server that says hello, as databases do, and counts those that came and said nothing. */
class CountingServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  count = 0;

  constructor(onConnection: (socket: Socket) => void) {
    this.#server = createServer((socket) => {
      this.count += 1;
      this.#open.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => this.#open.delete(socket));
      onConnection(socket);
    });
  }

  async listen(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#open) {
      socket.destroy();
    }
    await closed;
  }
}

function stays(socket: Socket): void {
  socket.resume().write("hello");
}

function closes(socket: Socket): void {
  socket.resume().end("hello");
}

function pool(servers: readonly CountingServer[], settings: object): object {
  return { pools: { db: { servers: servers.map(({ address }) => address), backups: null, ...settings } } };
}

suite("a server that counts connections without a handshake", () => {
  test("ping: none: no connection, though the list is rebalanced again and again", async () => {
    await using first = await new CountingServer(stays).listen();
    await using second = await new CountingServer(stays).listen();
    const settings = { ping: "none", rebalance: { min_reuse: "50ms", jitter: "0s" } };
    await using agent = await RealAgent.start({ config: pool([first, second], settings) });
    await until(() => agent.lines.filter(({ msg }) => msg === "new head").length > 5);
    assert.deepEqual([first.count, second.count], [0, 0]);
  });

  test("ping: tcp: one for the head, and two for a next server that closes them", async () => {
    await using first = await new CountingServer(stays).listen();
    await using second = await new CountingServer(closes).listen();
    await using agent = await RealAgent.start({ config: pool([first, second], {}) });
    await until(() => second.count === 2);
    // Fourteen more, were it dialled like one that refuses.
    await sleep(7_000);
    assert.deepEqual([first.count, second.count], [1, 2]);
    assert.equal(agent.child.exitCode, null);
  });
});
