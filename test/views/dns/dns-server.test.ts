/** The server as a whole: starting, changing, dying, stopping. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import { until } from "../../../scripts/lab/until.ts";
import { DnsServerError } from "../../../src/views/dns/listen-error.ts";
import type { DnsAddress } from "../../../src/views/dns/thread-messages.ts";
import { USE_MARK } from "../../../src/views/dns/use-mark.ts";
import { occupied, threads } from "../../support/disturbances.ts";
import { askTcp, askUdp, framed } from "./dns-client.ts";
import { manyServers, pool } from "./pools.ts";
import { dnsServer, serving } from "./serving.ts";
import { LISTENERS } from "./udp-listeners.ts";
import { query, text } from "./zone-text.ts";

const SRV = query("_nomad._tcp.headwaiter.internal. IN SRV");
const ONE = pool("live", ["10.0.0.1:4647"]);
const TWO = pool("live", ["10.0.0.2:4647"]);

async function target(address: DnsAddress): Promise<string | undefined> {
  return /SRV 0 1 \d+ (\S+)\.addr/.exec(text(await askUdp(address, SRV)))?.[1];
}

describe("the DNS server", () => {
  test("answers follow the pools, all at once, one encoding per turn", async (t) => {
    const { dns, address } = await serving(t, { nomad: ONE });
    assert.equal(await target(address), "10-0-0-1");
    dns.update(new Map([["nomad", ONE]]));
    dns.update(new Map([["nomad", TWO]]));
    await until(async () => (await target(address)) === "10-0-0-2");
    dns.update(new Map([["other", ONE]]));
    await until(async () => text(await askUdp(address, SRV)).startsWith(";; NXDOMAIN"));
  });

  test("a change of 300 servers is encoded in under 20 ms", async (t) => {
    const { dns } = await serving(t, { nomad: ONE });
    let fastest = Number.POSITIVE_INFINITY;
    for (const revision of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const changed = pool("live", manyServers(300), { revision });
      const start = performance.now();
      dns.update(new Map([["nomad", changed]]));
      // Behind the server's own microtask, which does the work.
      await new Promise<void>(queueMicrotask);
      fastest = Math.min(fastest, performance.now() - start);
    }
    assert.ok(fastest < 20, `${fastest} ms`);
  });

  test("answers while the main thread stands still", async (t) => {
    const { address } = await serving(t, { nomad: ONE });
    const answered = new Int32Array(new SharedArrayBuffer(4));
    const client = new Worker(
      `const { workerData: { address, query, answered } } = require("node:worker_threads");
      const socket = require("node:dgram").createSocket("udp4");
      const ask = () => socket.send(query, address.port, address.host);
      socket.on("message", () => {
        if (Atomics.add(answered, 0, 1) === 199) { socket.close(); Atomics.notify(answered, 0); } else { ask(); }
      });
      Atomics.wait(answered, 0, 0, 50);
      ask();`,
      { eval: true, workerData: { address, query: SRV, answered } },
    );
    t.after(() => client.terminate());
    await once(client, "online");
    // Nothing on this thread runs until 200 answers were given.
    for (let seen = 0; seen < 200; seen = Atomics.load(answered, 0)) {
      assert.notEqual(Atomics.wait(answered, 0, seen, 5000), "timed-out");
    }
  });

  test("listens on IPv4 and IPv6, several addresses, UDP and TCP on one port each", async (t) => {
    const { dns } = await serving(
      t,
      { nomad: ONE },
      {
        listen: [
          { host: "127.0.0.1", port: 0 },
          { host: "127.0.0.2", port: 0 },
          { host: "::1", port: 0 },
        ],
      },
    );
    assert.deepEqual(
      dns.addresses().map(({ host }) => host),
      ["127.0.0.1", "127.0.0.2", "::1"],
    );
    for (const address of dns.addresses()) {
      assert.equal(await target(address), "10-0-0-1");
      assert.equal((await askTcp(address, [framed(SRV)])).replies.length, 1);
    }
    const ns = text(
      await askUdp(dns.addresses()[2] ?? assert.fail(), query("ns.headwaiter.internal. IN AAAA")),
    );
    assert.match(ns, /IN AAAA ::1$/);
  });

  test("two threads share one port, and both answer", async (t) => {
    const started = threads(t);
    const { dns, address } = await serving(t, { nomad: ONE }, { sockets: 2 });
    assert.deepEqual([dns.state(), started.length], [{ kind: "serving", restarts: 0 }, 2]);
    await Promise.all(Array.from({ length: 40 }, () => target(address)));
    dns.update(new Map([["nomad", TWO]]));
    await until(async () => {
      const targets = await Promise.all(Array.from({ length: 20 }, () => target(address)));
      return targets.every((name) => name === "10-0-0-2");
    });
  });

  const inUse = [...LISTENERS.map((listener) => ["udp", listener] as const), ["tcp", "auto"] as const];
  for (const [transport, listener] of inUse) {
    test(`a port in use on ${transport} (listener ${listener}) is one clear line, and nothing is left`, async (t) => {
      const started = threads(t);
      // Below the ports that the system gives to connections: one of those must not hold the other transport's.
      const port = await occupied(t, transport, 20_000 + (process.pid % 10_000));
      const dns = dnsServer({ listen: [{ host: "127.0.0.1", port }], listener });
      await assert.rejects(dns.start(), (error: DnsServerError) => {
        assert.equal(error.message, `dns: 127.0.0.1:${port} (${transport}): address already in use`);
        assert.equal(error.code, "address-in-use");
        return error instanceof DnsServerError;
      });
      assert.deepEqual(dns.state(), { kind: "stopped" });
      assert.deepEqual(dns.addresses(), []);
      await until(() => started.every(({ threadId }) => threadId === -1));
    });
  }

  test("an address of another machine is one clear line", async () => {
    const dns = dnsServer({ listen: [{ host: "192.0.2.1", port: 0 }] });
    await assert.rejects(dns.start(), {
      code: "address-unavailable",
      message: "dns: 192.0.2.1:0 (tcp): expected an address that this machine has",
    });
  });

  test("an agent with two sockets does not share another's port", async (t) => {
    const { address } = await serving(t, { nomad: ONE }, { sockets: 2 });
    const other = dnsServer({ listen: [address], sockets: 2 });
    await assert.rejects(other.start(), { code: "address-in-use" });
  });

  test("start and stop are idempotent, and it can be started again", async () => {
    const dns = dnsServer();
    await dns.stop();
    await Promise.all([dns.start(), dns.start()]);
    await dns.start();
    assert.equal(dns.addresses().length, 1);
    await Promise.all([dns.stop(), dns.stop()]);
    await dns.stop();
    await dns.start();
    assert.equal(dns.state().kind, "serving");
    await dns.stop();
  });

  for (const listener of LISTENERS) {
    test(`the first question that is awaited is told, of any thread, by ${listener}`, async (t) => {
      const uses = new SharedArrayBuffer(2);
      const marks = new Uint8Array(uses);
      const asked: number[] = [];
      const note = (slot: number) => asked.push(slot);
      const options = { listener, sockets: 2, uses, asked: note } as const;
      const { address } = await serving(t, { nomad: { ...ONE, useSlot: 1 } }, options);
      await target(address);
      assert.deepEqual([...marks], [USE_MARK.NONE, USE_MARK.ASKED]);
      for (const round of [1, 2]) {
        marks[1] = USE_MARK.AWAITED;
        await Promise.all([target(address), askTcp(address, [framed(SRV)]), target(address)]);
        await until(() => asked.length === round);
      }
      assert.deepEqual(asked, [1, 1]);
      assert.deepEqual([...marks], [USE_MARK.NONE, USE_MARK.ASKED]);
    });
  }

  test("counts by protocol, type and rcode, and how long answers took", async (t) => {
    const { dns, address } = await serving(t, { nomad: ONE });
    const before = dns.counters();
    await askTcp(address, [framed(SRV)]);
    await askTcp(address, [framed(query("x.headwaiter.internal. IN TYPE65400"))]);
    await until(() => dns.counters().duration.count === before.duration.count + 2);
    const { requests, responses, duration } = dns.counters();
    assert.deepEqual(
      requests.filter(({ count }) => count > 0),
      [
        { transport: "tcp", type: "SRV", count: 1 },
        { transport: "tcp", type: "other", count: 1 },
      ],
    );
    assert.deepEqual(
      responses.filter(({ count }) => count > 0),
      [
        { rcode: "NOERROR", count: 1 },
        { rcode: "NXDOMAIN", count: 1 },
      ],
    );
    assert.equal(duration.buckets.length, duration.boundsSeconds.length + 1);
    assert.ok(duration.sumSeconds > 0 && duration.sumSeconds < 1);
  });
});
