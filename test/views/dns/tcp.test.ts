/** The TCP listener: framing, order, and limits that keep one client from the others' answers. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { until } from "../../../scripts/lab/until.ts";
import { Counters } from "../../../src/views/dns/counters.ts";
import type { TcpLimits } from "../../../src/views/dns/thread/tcp-limits.ts";
import { TcpListener } from "../../../src/views/dns/thread/tcp-listener.ts";
import type { DnsAddress } from "../../../src/views/dns/thread-messages.ts";
import { askTcp, framed, unframed } from "./dns-client.ts";
import { manyServers, pool } from "./pools.ts";
import { respondingFor } from "./responding.ts";
import { query, words } from "./zone-text.ts";

const LIMITS: TcpLimits = { maxConnections: 8, idleMs: 10_000, lifetimeMs: 10_000 };
const QUERY = framed(query("_nomad._tcp.headwaiter.internal. IN SRV"));

async function listening(
  t: TestContext,
  limits: Partial<TcpLimits> = {},
): Promise<{ readonly address: DnsAddress; readonly counters: Counters }> {
  const { responder, waitingRoom, counters } = respondingFor({ nomad: pool("live", manyServers(300)) });
  const listener = new TcpListener(responder, waitingRoom, counters, { ...LIMITS, ...limits });
  const port = await listener.listen(0, "127.0.0.1");
  t.after(() => {
    listener.close();
  });
  return { address: { host: "127.0.0.1", port }, counters };
}

async function open(t: TestContext, { host, port }: DnsAddress): Promise<Socket> {
  const socket = connect({ host, port });
  socket.on("error", () => undefined);
  t.after(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** Closes of the socket, also when they came before. */
async function closed(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.closed) {
    // Not `once` of node:events: a close may be a reset, where something was still on its way, and that one fails then.
    await new Promise((resolve) => socket.once("close", resolve));
  }
}

describe("DNS over TCP", () => {
  test("three pipelined queries in one segment: three answers, in order", async (t) => {
    const { address } = await listening(t);
    const queries = [1, 2, 3].map((id) =>
      Buffer.concat([QUERY.subarray(0, 2), words(id), QUERY.subarray(4)]),
    );
    const { replies, closed: isClosed } = await askTcp(address, [Buffer.concat(queries)], 3);
    assert.deepEqual(
      replies.map((reply) => reply.readUInt16BE(0)),
      [1, 2, 3],
    );
    assert.equal(isClosed, false);
  });

  test("a query byte by byte: one answer", async (t) => {
    const { address } = await listening(t);
    const { replies } = await askTcp(
      address,
      Array.from(QUERY, (byte) => Buffer.of(byte)),
    );
    assert.equal(replies.length, 1);
  });

  test("a client that shuts down its side after the query still gets the answer", async (t) => {
    const { address } = await listening(t);
    const socket = await open(t, address);
    const received: Buffer[] = [];
    socket.on("data", (bytes) => received.push(bytes));
    socket.end(QUERY);
    await closed(socket);
    assert.ok(Buffer.concat(received).length > QUERY.length);
  });

  test("a client that asks a thousand times, shuts down its side, and only then reads: all are answered", async (t) => {
    const { address, counters } = await listening(t);
    const socket = await open(t, address);
    socket.pause();
    // Some 30 MB of answers: most are held back when the shutdown comes.
    const all = framed(query("_nomad._tcp.all.headwaiter.internal. IN SRV"));
    socket.end(Buffer.concat(Array.from({ length: 1000 }, () => all)));
    const before = await settled(() => Counters.sum([counters]).duration.count);
    assert.ok(before < 900, `${before} answered`);
    const received: Buffer[] = [];
    socket.on("data", (bytes) => received.push(bytes));
    await closed(socket);
    assert.equal(unframed(Buffer.concat(received)).length, 1000);
  });

  test("a client that shuts down its side in the middle of a query is let go", async (t) => {
    const { address } = await listening(t);
    const socket = await open(t, address);
    socket.end(Buffer.concat([QUERY, QUERY.subarray(0, 9)]));
    const received: Buffer[] = [];
    socket.on("data", (bytes) => received.push(bytes));
    await closed(socket);
    assert.equal(unframed(Buffer.concat(received)).length, 1);
  });

  test("a frame of no bytes, and one longer than any query: closed", async (t) => {
    const { address } = await listening(t);
    assert.deepEqual(await askTcp(address, [words(0)]), { replies: [], closed: true });
    assert.deepEqual(await askTcp(address, [words(1233)]), { replies: [], closed: true });
  });

  test("what was asked before a bad frame is answered", async (t) => {
    const { address } = await listening(t);
    const { replies } = await askTcp(address, [QUERY, words(0)], 1);
    assert.equal(replies.length, 1);
  });

  test("an idle connection is closed at its deadline, one that asks is not", async (t) => {
    // Far longer than a busy machine leaves this process without a turn between two questions.
    const { address, counters } = await listening(t, { idleMs: 1500 });
    const idle = await open(t, address);
    const busy = await open(t, address);
    const asking = setInterval(() => busy.write(QUERY), 20);
    t.after(() => {
      clearInterval(asking);
    });
    busy.resume();
    await closed(idle);
    assert.equal(busy.closed, false);
    assert.equal(Counters.sum([counters]).events.tcpExpired, 1);
  });

  test("without a connection no timer is left; the next one has its deadline, too", async (t) => {
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
    const before = timers();
    const { address } = await listening(t, { idleMs: 200 });
    assert.equal(timers(), before);
    for (let round = 0; round < 2; round += 1) {
      await closed(await open(t, address));
      await until(() => timers() === before);
    }
  });

  test("bytes that never become a query don't keep a connection alive", async (t) => {
    const { address } = await listening(t, { idleMs: 200 });
    const slow = await open(t, address);
    let sent = 0;
    const dripping = setInterval(() => slow.write(QUERY.subarray(sent, ++sent)), 20);
    t.after(() => {
      clearInterval(dripping);
    });
    await closed(slow);
    assert.ok(sent < QUERY.length, `${sent} bytes`);
  });

  test("a connection that never stops asking ends with its lifetime", async (t) => {
    const { address } = await listening(t, { idleMs: 200, lifetimeMs: 500 });
    const busy = await open(t, address);
    const asking = setInterval(() => busy.write(QUERY), 20);
    t.after(() => {
      clearInterval(asking);
    });
    await closed(busy);
  });

  test("one connection too many takes the place of the one that has been silent longest", async (t) => {
    const { address, counters } = await listening(t, { maxConnections: 3 });
    const first = await open(t, address);
    const second = await open(t, address);
    const third = await open(t, address);
    // The first one asks: now the second has been silent longest.
    first.write(QUERY);
    await once(first, "data");
    const { replies } = await askTcp(address, [QUERY]);
    assert.equal(replies.length, 1);
    await closed(second);
    assert.deepEqual([first.closed, third.closed], [false, false]);
    assert.equal(Counters.sum([counters]).events.tcpEvicted, 1);
  });

  test("for a client that asks and never reads, no more is prepared than it takes", async (t) => {
    const { address, counters } = await listening(t);
    const deaf = await open(t, address);
    deaf.pause();
    // 3,000 questions of some 60 bytes, each answered with 30 KB: 90 MB, were it not held back.
    const all = framed(query("_nomad._tcp.all.headwaiter.internal. IN SRV"));
    deaf.write(Buffer.concat(Array.from({ length: 3000 }, () => all)));
    const answered = await settled(() => Counters.sum([counters]).duration.count);
    assert.ok(answered > 0 && answered < 1500, `${answered} answered`);
    // Once it reads, all are answered.
    let bytes = 0;
    deaf.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    deaf.resume();
    while (Counters.sum([counters]).duration.count < 3000) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.ok(bytes > 0);
  });
});

/** The value once it has been the same for 20 looks. */
async function settled(look: () => number): Promise<number> {
  let value = look();
  for (let same = 0; same < 20; ) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    const next = look();
    same = next === value && next > 0 ? same + 1 : 0;
    value = next;
  }
  return value;
}
