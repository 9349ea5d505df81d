/** Questions about a pool that is starting: they wait for its first server, within bounds. */
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { until } from "../../../scripts/lab/until.ts";
import { Counters } from "../../../src/views/dns/counters.ts";
import { WAITS } from "../../../src/views/dns/thread/responder.ts";
import { TcpListener } from "../../../src/views/dns/thread/tcp-listener.ts";
import type { WaitingRoomLimits } from "../../../src/views/dns/thread/waiting-room.ts";
import type { DnsAddress } from "../../../src/views/dns/thread-messages.ts";
import { askAnyUdp, askTcp, askUdp, framed, unframed } from "./dns-client.ts";
import { manyServers, pool } from "./pools.ts";
import { type Responding, respondingFor, SETTINGS } from "./responding.ts";
import { serving } from "./serving.ts";
import { LISTENERS, listening } from "./udp-listeners.ts";
import { query, text, words } from "./zone-text.ts";

const STARTING = { nomad: pool("starting", []), other: pool("live", ["10.0.0.9:4647"]) };
const STARTED = { nomad: pool("live", ["10.0.0.1:4647"]) };
const EMPTY = { nomad: pool("empty", []) };
const SRV = "_nomad._tcp.headwaiter.internal. IN SRV";
const NAMES_SERVER = /^;; NOERROR[\s\S]* SRV 0 1 4647 10-0-0-1\.addr\./;
/** With an OPT, so that the answer has one: SERVFAIL and extended error 14. */
const OPT = Buffer.from("0000291000000000000000", "hex");
const NOT_READY = Buffer.from("000f0002000e", "hex");

function asked(id: number, question = SRV): Buffer {
  return Buffer.concat([words(id, 0, 1, 0, 0, 1), query(question).subarray(12), OPT]);
}

function isNotReady(reply: Buffer | undefined): boolean {
  return reply !== undefined && ((reply[3] ?? 0) & 15) === 2 && reply.subarray(-6).equals(NOT_READY);
}

interface Room extends Responding {
  readonly udp: DnsAddress;
  readonly tcp: DnsAddress;
  count(event: "waited" | "turnedAway" | "dropped"): number;
}

/** Both listeners without a thread, and a patience that nobody sees the end of, unless a test asks for it. */
async function room(
  t: TestContext,
  limits: Partial<WaitingRoomLimits> = {},
  listener: (typeof LISTENERS)[number] = "dns2",
): Promise<Room> {
  const responding = respondingFor(STARTING, SETTINGS, { patienceMs: 600_000, ...limits });
  const { responder, waitingRoom, counters } = responding;
  const { address: udp } = await listening(t, listener, responding);
  const tcp = new TcpListener(responder, waitingRoom, counters);
  const port = await tcp.listen(0, "127.0.0.1");
  t.after(() => {
    tcp.close();
  });
  return {
    ...responding,
    udp,
    tcp: { host: "127.0.0.1", port },
    count: (event) => Counters.sum([counters]).events[event],
  };
}

async function client(t: TestContext): Promise<{ readonly socket: Socket; readonly replies: Buffer[] }> {
  const socket = createSocket("udp4");
  const replies: Buffer[] = [];
  socket.on("message", (reply) => replies.push(reply));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  t.after(() => socket.close());
  return { socket, replies };
}

for (const listener of LISTENERS) {
  describe(`a question about a pool that is starting, listener ${listener}`, () => {
    test("waits, over UDP and TCP, and is answered when there is a server", async (t) => {
      const on = await room(t, {}, listener);
      const overUdp = askAnyUdp(on.udp, asked(1), 60_000);
      const overTcp = askTcp(on.tcp, [framed(asked(2))], 1, 60_000);
      await until(() => on.count("waited") === 2);
      // Others are not held up.
      assert.match(
        text(await askUdp(on.udp, query("_other._tcp.headwaiter.internal. IN SRV"))),
        /10-0-0-9\.addr/,
      );
      on.update(STARTED);
      assert.match(text(await overUdp), NAMES_SERVER);
      assert.match(text((await overTcp).replies[0]), NAMES_SERVER);
    });

    test("is answered at once when the last source has reported, and there is none", async (t) => {
      const on = await room(t, {}, listener);
      const overUdp = askAnyUdp(on.udp, asked(1), 60_000);
      const overTcp = askTcp(on.tcp, [framed(asked(2))], 1, 60_000);
      await until(() => on.count("waited") === 2);
      on.update(EMPTY);
      assert.ok(isNotReady(await overUdp));
      assert.ok(isNotReady((await overTcp).replies[0]));
      // From now on nobody waits: the answer is there before that to a question sent behind it.
      assert.ok(isNotReady(await askUdp(on.udp, asked(3))));
      assert.equal(on.count("waited"), 2);
    });

    test("goes on waiting through a change of other pools", async (t) => {
      const on = await room(t, {}, listener);
      const reply = askAnyUdp(on.udp, asked(1), 60_000);
      await until(() => on.count("waited") === 1);
      on.update({ ...STARTING, more: pool("live", ["10.0.0.8:4647"]) });
      on.update({ ...STARTING, ...STARTED });
      assert.match(text(await reply), NAMES_SERVER);
      assert.equal(on.count("waited"), 1);
    });

    test("gets SERVFAIL and Not Ready when its patience is over, each in its turn", async (t) => {
      const on = await room(t, { patienceMs: 300 }, listener);
      const first = askAnyUdp(on.udp, asked(1), 60_000);
      await until(() => on.count("waited") === 1);
      const startedAt = performance.now();
      const second = askTcp(on.tcp, [framed(asked(2))], 1, 60_000);
      assert.ok(isNotReady(await first));
      assert.ok(isNotReady((await second).replies[0]));
      assert.ok(performance.now() - startedAt >= 298, "the second one has waited, too");
    });

    test("waits once: what a client sends again has one answer, what others ask has its own", async (t) => {
      const on = await room(t, {}, listener);
      const [one, two] = [await client(t), await client(t)];
      for (const from of [one, one, two, one]) {
        from.socket.send(asked(7), on.udp.port, on.udp.host);
      }
      one.socket.send(asked(8), on.udp.port, on.udp.host);
      one.socket.send(asked(7, "_nomad._tcp.all.headwaiter.internal. IN SRV"), on.udp.port, on.udp.host);
      await until(() => on.count("waited") + on.count("dropped") === 6);
      assert.equal(on.count("waited"), 4);
      on.update(STARTED);
      await until(() => one.replies.length + two.replies.length >= 4);
      assert.deepEqual(
        one.replies.map((reply) => reply.readUInt16BE(0)).toSorted((a, b) => a - b),
        [7, 7, 8],
      );
      assert.equal(two.replies.length, 1);
    });

    test("is answered at once when too many wait, and waits again when there is room", async (t) => {
      const on = await room(t, { places: 3 }, listener);
      const { socket, replies } = await client(t);
      for (const id of [1, 2, 3, 4]) {
        socket.send(asked(id), on.udp.port, on.udp.host);
      }
      await until(() => replies.length === 1);
      assert.equal(replies[0]?.readUInt16BE(0), 4);
      assert.ok(isNotReady(replies[0]));
      const { replies: overTcp } = await askTcp(on.tcp, [framed(asked(5))]);
      assert.ok(isNotReady(overTcp[0]));
      assert.deepEqual([on.count("waited"), on.count("turnedAway")], [3, 2]);
      on.update(EMPTY);
      await until(() => replies.length === 4);
      on.update(STARTING);
      socket.send(asked(6), on.udp.port, on.udp.host);
      await until(() => on.count("waited") === 4);
    });

    test("of a type that the name will never have, of another class, a transfer: answered at once", () => {
      const { responder } = respondingFor(STARTING);
      const isHeld = (question: string) => responder.respond(asked(1, question), "udp") === WAITS;
      const held = ["IN SRV", "IN ANY"].map((type) => `_nomad._tcp.headwaiter.internal. ${type}`);
      const more = ["IN A", "IN AAAA", "IN TXT"].map((type) => `NOMAD.headwaiter.internal. ${type}`);
      assert.deepEqual([...held, ...more].map(isHeld), [true, true, true, true, true]);
      const others = [
        "_nomad._tcp.headwaiter.internal. IN A",
        "_nomad._tcp.headwaiter.internal. CH SRV",
        "_nomad._tcp.headwaiter.internal. IN AXFR",
        "_other._tcp.headwaiter.internal. IN SRV",
        "_x._tcp.headwaiter.internal. IN SRV",
        "nomad.headwaiter.internal. IN SRV",
      ];
      assert.deepEqual(others.map(isHeld), [false, false, false, false, false, false]);
    });
  });
}

describe("a TCP connection with a question that waits", () => {
  test("has its other questions answered meanwhile", async (t) => {
    const on = await room(t);
    const other = asked(2, "_other._tcp.headwaiter.internal. IN SRV");
    const all = askTcp(on.tcp, [Buffer.concat([framed(asked(1)), framed(other)])], 2, 60_000);
    await until(() => Counters.sum([on.counters]).responses.some(({ count }) => count === 1));
    on.update({ ...STARTING, ...STARTED });
    assert.deepEqual(
      (await all).replies.map((reply) => reply.readUInt16BE(0)),
      [2, 1],
    );
  });

  test("whose client has shut down its side is answered before it is closed", async (t) => {
    const on = await room(t);
    const socket = connect(on.tcp);
    const received: Buffer[] = [];
    socket.on("data", (bytes) => received.push(bytes));
    socket.end(framed(asked(1)));
    await until(() => on.count("waited") === 1);
    on.update(STARTED);
    await until(() => socket.closed);
    assert.match(text(unframed(Buffer.concat(received))[0]), NAMES_SERVER);
  });

  test("whose client is gone gives its place back", async (t) => {
    const on = await room(t, { places: 1 });
    const socket = connect(on.tcp);
    socket.write(framed(asked(1)));
    await until(() => on.count("waited") === 1);
    socket.resetAndDestroy();
    await until(async () => {
      socket.destroy();
      const again = connect(on.tcp);
      again.write(framed(asked(2)));
      const turnedAway = on.count("turnedAway");
      await until(() => on.count("waited") === 2 || on.count("turnedAway") > turnedAway);
      const isIn = on.count("waited") === 2;
      again.destroy();
      return isIn;
    });
  });

  test("and a client that does not read: no more answers are prepared than it takes", async (t) => {
    const on = await room(t);
    const socket = connect(on.tcp);
    socket.pause();
    const all = "_nomad._tcp.all.headwaiter.internal. IN SRV";
    socket.write(Buffer.concat(Array.from({ length: 900 }, (_, id) => framed(asked(id, all)))));
    await until(() => on.count("waited") === 900);
    // 900 answers of 30 KB: 27 MB, were they not held back.
    on.update({ nomad: pool("live", manyServers(300)) });
    const answered = () =>
      Counters.sum([on.counters]).responses.find(({ rcode }) => rcode === "NOERROR")?.count ?? 0;
    const early = answered();
    assert.ok(early > 0 && early < 450, `${early} answered`);
    socket.resume();
    await until(() => answered() === 900);
    socket.destroy();
  });
});

describe("a DNS server with pools that are starting", () => {
  test("answers those that wait as soon as a server is known, not when their patience is over", async (t) => {
    const { dns, address } = await serving(t, STARTING);
    const { waited } = dns.counters().events;
    const tookMs: number[] = [];
    // A busy machine may stop us for long, but not each time.
    for (let round = 1; round <= 5; round++) {
      dns.update(new Map(Object.entries(STARTING)));
      await until(async () => (await askUdp(address, asked(1))) === undefined);
      const reply = askAnyUdp(address, asked(round), 60_000);
      await until(() => dns.counters().events.waited >= waited + 2 * round);
      const knownAt = performance.now();
      dns.update(new Map(Object.entries(STARTED)));
      assert.match(text(await reply), NAMES_SERVER);
      tookMs.push(performance.now() - knownAt);
    }
    assert.ok(Math.min(...tookMs) < 300, tookMs.join(" "));
  });

  test("answers those that wait when it stops", async (t) => {
    const { dns, address } = await serving(t, STARTING);
    const { socket, replies } = await client(t);
    for (const id of [1, 2, 3]) {
      socket.send(asked(id), address.port, address.host);
    }
    const overTcp = askTcp(address, [framed(asked(4))], 1, 60_000);
    await until(() => dns.counters().events.waited === 4);
    await dns.stop();
    await until(() => replies.length === 3);
    assert.ok(replies.every(isNotReady));
    assert.ok(isNotReady((await overTcp).replies[0]));
  });

  for (const sockets of [1, 2] as const) {
    test(`lets 1,024 questions wait in all, shared by ${sockets} threads`, async (t) => {
      const { dns, address } = await serving(t, STARTING, { sockets });
      const connection = connect(address);
      t.after(() => connection.destroy());
      connection.resume();
      connection.write(Buffer.concat(Array.from({ length: 1100 }, (_, id) => framed(asked(id)))));
      const count = () => dns.counters().events;
      await until(() => count().waited + count().turnedAway === 1100);
      // On a machine that stops for a second the first have left, and made room.
      const { events, responses } = dns.counters();
      const left = responses.reduce((sum, { count }) => sum + count, -events.turnedAway);
      assert.ok(events.waited >= 1024 / sockets && events.waited <= 1024 / sockets + left);
    });
  }

  test("holds a question for less than a second", async (t) => {
    const { dns, address } = await serving(t, STARTING);
    const startedAt = performance.now();
    assert.ok(isNotReady(await askAnyUdp(address, asked(1), 60_000)));
    assert.ok(performance.now() - startedAt >= 850);
    assert.equal(dns.counters().events.waited, 1);
  });
});
