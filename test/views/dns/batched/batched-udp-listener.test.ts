/** Many messages a call: who is answered, with what, in how many calls. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { isIPv6 } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { until } from "../../../../scripts/lab/until.ts";
import { Counters } from "../../../../src/views/dns/counters.ts";
import { boundSocket } from "../../../../src/views/dns/thread/batched/bound-socket.ts";
import { loadSystemCalls, type SystemCalls } from "../../../../src/views/dns/thread/batched/system-calls.ts";
import type { DnsAddress } from "../../../../src/views/dns/thread-messages.ts";
import { askUdp } from "../dns-client.ts";
import { pool } from "../pools.ts";
import { respondingFor } from "../responding.ts";
import { hasCalls, listening } from "../udp-listeners.ts";
import { query, text } from "../zone-text.ts";

const SRV = query("_nomad._tcp.headwaiter.internal. IN SRV");
const ONE = { nomad: pool("live", ["10.0.0.1:4647"]) };
const TWO = { nomad: pool("live", ["10.0.0.2:4647"]) };

function counted() {
  const calls = loadSystemCalls();
  const made = { recvmmsg: 0, sendmmsg: 0 };
  const counting: SystemCalls = {
    ...calls,
    recvmmsg: (...args) => {
      made.recvmmsg++;
      return calls.recvmmsg(...args);
    },
    sendmmsg: (...args) => {
      made.sendmmsg++;
      return calls.sendmmsg(...args);
    },
  };
  return { calls: counting, made };
}

/** Messages with these bytes and an ID each, sent before the listener has a turn; the IDs of the replies. */
async function burst(
  t: TestContext,
  to: DnsAddress,
  messages: readonly Buffer[],
): Promise<readonly number[]> {
  const family = isIPv6(to.host) ? "udp6" : "udp4";
  const client = createSocket({ type: family, recvBufferSize: 1_000_000 });
  t.after(() => client.close());
  client.connect(to.port, to.host);
  await once(client, "connect");
  const ids: number[] = [];
  client.on("message", (reply) => ids.push(reply.readUInt16BE(0)));
  for (const [id, message] of messages.entries()) {
    const own = Buffer.from(message);
    own.writeUInt16BE(id);
    client.send(own);
  }
  await until(() => ids.length === messages.length);
  return ids;
}

function files(): number {
  return readdirSync("/proc/self/fd").length;
}

describe("many messages a call", { skip: !hasCalls() }, () => {
  for (const host of ["127.0.0.1", "::1"]) {
    test(`all that came together is answered in a few calls: ${host}`, async (t) => {
      const { calls, made } = counted();
      const responding = respondingFor(ONE);
      const { address } = await listening(t, "auto", responding, { calls, host });
      const questions = Array.from({ length: 150 }, (_, i) =>
        i % 3 === 0 ? SRV : query(`x${i}.example. IN A`),
      );
      const ids = await burst(t, address, questions);
      assert.deepEqual(
        ids.toSorted((one, other) => one - other),
        questions.map((_, id) => id),
      );
      assert.ok(made.recvmmsg < 30 && made.sendmmsg < 30, `${made.recvmmsg}, ${made.sendmmsg}`);
      assert.equal(Counters.sum([responding.counters]).duration.count, 150);
    });
  }

  test("messages that get no answer and messages that are too long cost the others nothing", async (t) => {
    const responding = respondingFor(ONE);
    const { address } = await listening(t, "auto", responding);
    const long = Buffer.concat([SRV, Buffer.alloc(1233 - SRV.length)]);
    const silent = [Buffer.alloc(2), query("headwaiter.internal. IN SOA +qr"), long];
    const client = createSocket("udp4");
    t.after(() => client.close());
    let replies = 0;
    client.on("message", () => replies++);
    for (let i = 0; i < 100; i++) {
      client.send(silent[i % 4] ?? SRV, address.port, address.host);
    }
    await until(() => replies === 25);
    assert.equal(Counters.sum([responding.counters]).events.dropped, 75);
  });

  test("what the main thread has said counts for the query behind it", async (t) => {
    const responding = respondingFor(ONE);
    const catchUp = t.mock.fn();
    const { address } = await listening(t, "auto", responding, { catchUp });
    assert.match(text(await askUdp(address, SRV)), /10-0-0-1\.addr/);
    catchUp.mock.mockImplementation(() => {
      responding.update(TWO);
    });
    assert.match(text(await askUdp(address, SRV)), /10-0-0-2\.addr/);
  });

  test("a flood leaves others their turn: after eight full batches nothing more is taken in it", async (t) => {
    const { calls, made } = counted();
    // As if there were always more: of length 0, and so without an answer.
    const recvmmsg: SystemCalls["recvmmsg"] = (_fd, _headers, count) => {
      made.recvmmsg++;
      return count;
    };
    const { listener } = await listening(t, "auto", respondingFor(ONE), { calls: { ...calls, recvmmsg } });
    const client = { address: "127.0.0.1", family: "IPv4", port: 0, size: SRV.length } as const;
    const fromRuntime = (messages: number): number => {
      const before = made.recvmmsg;
      for (let i = 0; i < messages; i++) {
        listener.handle(SRV, client);
      }
      return made.recvmmsg - before;
    };
    assert.equal(fromRuntime(32), 8);
    assert.equal(fromRuntime(32), 0);
    await new Promise((turn) => setImmediate(turn));
    assert.equal(fromRuntime(2), 2);
  });

  test("a call that fails is counted, and the next one is made", async (t) => {
    const { calls } = counted();
    let failures = 3;
    const recvmmsg: SystemCalls["recvmmsg"] = (...args) => {
      if (failures === 0) {
        return calls.recvmmsg(...args);
      }
      failures--;
      // The number of the last failure: not EAGAIN.
      return calls.recvmmsg(-1, 0, 0, 0, 0);
    };
    const responding = respondingFor(ONE);
    const { address } = await listening(t, "auto", responding, { calls: { ...calls, recvmmsg } });
    for (let i = 0; i < 5; i++) {
      assert.match(text(await askUdp(address, SRV)), /^;; NOERROR/);
    }
    assert.equal(Counters.sum([responding.counters]).events.socketErrors, 3);
  });

  test("an address that can't be had is the system's error, and leaves nothing open", async (t) => {
    const calls = loadSystemCalls();
    const { address } = await listening(t, "auto", respondingFor(ONE));
    const before = files();
    const codes = [
      [address.host, address.port, "EADDRINUSE"],
      ["192.0.2.1", 0, "EADDRNOTAVAIL"],
      ["2001:db8::1", 0, "EADDRNOTAVAIL"],
    ] as const;
    for (const [host, port, code] of codes) {
      assert.throws(() => boundSocket(calls, host, port, false), { code });
    }
    assert.equal(files(), before);
  });

  test("nobody else gets its address, even who asks for a used one", async (t) => {
    const { address } = await listening(t, "auto", respondingFor(ONE));
    const other = createSocket({ type: "udp4", reuseAddr: true });
    t.after(() => other.close());
    other.bind(address.port, address.host);
    const [error] = (await once(other, "error")) as [NodeJS.ErrnoException];
    assert.equal(error.code, "EADDRINUSE");
  });
});
