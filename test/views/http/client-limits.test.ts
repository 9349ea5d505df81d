/** Clients that are slow, silent or many: nobody holds what others need. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { suite, type TestContext, test } from "node:test";
import { until } from "../../../scripts/lab/until.ts";
import { systemClock } from "../../../src/system-ports.ts";
import { timeouts } from "../../../src/views/http/client-limits.ts";
import { HttpServer } from "../../../src/views/http/http-server.ts";
import { fakePool, httpOptions } from "../../support/http-fixtures.ts";

const HEAD = "Host: 127.0.0.1\r\nContent-Type: application/json\r\n";
const GET = `GET /v1/agent/health HTTP/1.1\r\n${HEAD}`;
const PUT = `PUT /v1/pools/web/heartbeat HTTP/1.1\r\n${HEAD}`;
const BODY = JSON.stringify({ servers: [], leader: "", ttl_seconds: 30 });

interface Options {
  readonly maxConnections?: number;
  readonly patienceMs?: number;
  /** What heartbeats wait for. */
  readonly names?: Promise<unknown>;
}

async function serving(t: TestContext, options: Options) {
  let heartbeats = 0;
  const { names = Promise.resolve(), ...limits } = options;
  const take = async () => {
    heartbeats += 1;
    await names;
    return [];
  };
  const pools = new Map([["web", fakePool("web", { pushed: { take } })]]);
  const server = new HttpServer(httpOptions({ clock: systemClock, pools, ...limits }));
  await server.start();
  t.after(() => server.stop());
  const { port = 0 } = server.address() ?? {};
  const open = async (): Promise<Client> => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    t.after(() => socket.destroy());
    await once(socket, "connect");
    return new Client(socket);
  };
  return { open, heartbeats: () => heartbeats };
}

/** A connection of which every byte is decided by the test. */
class Client {
  readonly socket: Socket;
  received = "";
  isClosed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      this.received += text;
    });
    for (const event of ["end", "close", "error"]) {
      socket.on(event, () => {
        this.isClosed = true;
      });
    }
  }

  /** A whole heartbeat. */
  push(): void {
    this.send(`${PUT}Content-Length: ${BODY.length}\r\n\r\n${BODY}`);
  }

  send(text: string): void {
    this.socket.write(text);
  }

  /** Answered on this connection. */
  async isServed(): Promise<boolean> {
    const before = this.received.length;
    this.send(`${GET}\r\n`);
    await until(() => this.isClosed || this.received.indexOf("alive", before) !== -1);
    return !this.isClosed;
  }
}

suite("slow clients", { concurrency: true }, () => {
  const slow: [string, string, string][] = [
    ["nothing at all", "", ""],
    ["empty lines without end", "", "\r\n"],
    ["a head that stops", GET, ""],
    ["a head without end", `${GET}X: `, "a"],
    ["a second head without end", `${GET}\r\n${GET}X: `, "a"],
    ["a body that stops", `${PUT}Content-Length: 99\r\n\r\n{`, ""],
    ["a body without end", `${PUT}Content-Length: 99999\r\n\r\n{`, " "],
    ["chunks without end", `${PUT}Transfer-Encoding: chunked\r\n\r\n`, "1\r\n \r\n"],
    ["a body that nobody asked for", `${GET}Content-Length: 99999\r\n\r\n`, " "],
    ["a body to nowhere", `PUT /nowhere HTTP/1.1\r\n${HEAD}Content-Length: 99999\r\n\r\n`, " "],
    ["a body that is refused", `PUT / HTTP/1.1\r\nHost: evil\r\nContent-Length: 99999\r\n\r\n`, " "],
    ["one request, and then none", `${GET}\r\n`, ""],
  ];
  for (const [what, begin, drop] of slow) {
    test(`${what}: closed`, async (t) => {
      const { open } = await serving(t, { patienceMs: 400 });
      const client = await open();
      client.send(begin);
      const dripping = setInterval(() => {
        if (drop !== "" && !client.isClosed) {
          client.send(drop);
        }
      }, 20);
      t.after(() => {
        clearInterval(dripping);
      });
      await until(() => client.isClosed);
    });
  }

  test("the patience is ten seconds, looked at twice, for heads, bodies and idle connections", () => {
    assert.deepEqual(timeouts(), {
      connectionTimeout: 30_000,
      keepAliveTimeout: 10_000,
      requestTimeout: 10_000,
      http: { headersTimeout: 10_000, connectionsCheckingInterval: 5_000 },
    });
  });

  test("a client that shuts down its side after the request gets the answer; within the request it is let go", async (t) => {
    const { open } = await serving(t, {});
    const done = await open();
    done.socket.end(`${GET}\r\n`);
    const undone = await open();
    undone.socket.end(GET);
    await until(() => done.isClosed && undone.isClosed);
    assert.match(done.received, /alive/);
    assert.doesNotMatch(undone.received, /alive/);
  });
});

suite("many clients", () => {
  test("idle ones make room for new ones, the one that is used stays", async (t) => {
    const { open } = await serving(t, { maxConnections: 8 });
    const used = await open();
    const idle: Client[] = [];
    for (let i = 0; i < 40; i++) {
      idle.push(await open());
      assert.ok(await used.isServed());
    }
    await until(() => idle.filter(({ isClosed }) => !isClosed).length === 7);
    assert.ok(idle.slice(-7).every(({ isClosed }) => !isClosed));
    const newest = await open();
    assert.ok(await newest.isServed());
  });

  test("an idle one makes room before one that waits for its answer", async (t) => {
    const { promise: names, resolve: found } = Promise.withResolvers<undefined>();
    const { open, heartbeats } = await serving(t, { maxConnections: 3, names });
    const waiting = await open();
    waiting.push();
    await until(() => heartbeats() === 1);
    const idle = [await open(), await open()];
    for (const client of idle) {
      assert.ok(await client.isServed());
    }
    assert.ok(await (await open()).isServed());
    await until(() => idle[0]?.isClosed === true);
    found(undefined);
    await until(() => waiting.received.includes("rejected"));
  });

  test("those that all wait for their answers make room too, the oldest first", async (t) => {
    const { open, heartbeats } = await serving(t, { maxConnections: 3, names: new Promise(() => undefined) });
    const waiting = [await open(), await open(), await open()];
    for (const [index, client] of waiting.entries()) {
      client.push();
      await until(() => heartbeats() === index + 1);
    }
    assert.ok(await (await open()).isServed());
    await until(() => waiting[0]?.isClosed === true);
    assert.deepEqual(
      waiting.map(({ isClosed }) => isClosed),
      [true, false, false],
    );
  });

  test("heartbeats that wait for names are bounded; one more is told so, and taken later", async (t) => {
    const { promise: names, resolve: found } = Promise.withResolvers<undefined>();
    const { open, heartbeats } = await serving(t, { names });
    const clients: Client[] = [];
    for (let i = 1; i <= 32; i++) {
      const client = await open();
      client.push();
      clients.push(client);
      await until(() => heartbeats() === i);
    }
    const late = await open();
    late.push();
    await until(() => late.received.includes("push it again later"));
    assert.match(late.received, /^HTTP\/1.1 503 /);
    found(undefined);
    await until(() => clients.every(({ received }) => received.includes("rejected")));
    late.push();
    await until(() => late.received.includes("rejected"));
    assert.equal(heartbeats(), 33);
  });

  test("requests without a body take the room of no body, however many come at once", async (t) => {
    const { open } = await serving(t, {});
    const waiting = await open();
    waiting.send(`${PUT}Content-Length: ${BODY.length}\r\n\r\n`);
    const many = await open();
    many.send(`${GET}\r\n`.repeat(40));
    await until(() => many.received.split('"alive"').length === 41);
    waiting.send(BODY);
    await until(() => waiting.received.includes("rejected"));
  });

  test("bodies that do not end make room for one that does", async (t) => {
    const { open, heartbeats } = await serving(t, {});
    const endless: Client[] = [];
    for (let i = 0; i < 40; i++) {
      const client = await open();
      client.send(`${PUT}Content-Length: 99999\r\n\r\n{`);
      endless.push(client);
    }
    await until(() => endless.filter(({ isClosed }) => !isClosed).length === 16);
    const honest = await open();
    honest.push();
    await until(() => honest.received.includes("rejected"));
    assert.equal(heartbeats(), 1);
    assert.ok(await honest.isServed());
  });

  test("bodies that end take the room of no other", async (t) => {
    const { open, heartbeats } = await serving(t, {});
    const waiting = await open();
    waiting.send(`${PUT}Content-Length: ${BODY.length}\r\n\r\n`);
    const honest = await open();
    for (let i = 1; i <= 40; i++) {
      honest.push();
      await until(() => heartbeats() === i);
    }
    waiting.send(BODY);
    await until(() => waiting.received.includes("rejected"));
  });
});
