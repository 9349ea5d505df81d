/** The DNS server under what nobody should send: a million packets of any kind, and crowds of idle connections. */
import assert from "node:assert/strict";
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, test } from "node:test";
import type { DnsServer } from "../src/dns/server.ts";
import type { ListenAddress } from "../src/dns/thread-messages.ts";
import { askTcp, askUdp, framed } from "../test/dns/server/dns-client.ts";
import { packetFuzzer } from "../test/dns/server/packet-fuzzer.ts";
import { manyServers, pool } from "../test/dns/server/pools.ts";
import { respondingFor } from "../test/dns/server/responding.ts";
import { serving } from "../test/dns/server/serving.ts";
import { until } from "../test/dns/server/until.ts";
import { query, text, words } from "../test/dns/server/zone-text.ts";

const SEED = Number(process.env["FUZZ_SEED"] ?? 20_261_122);
const UDP_MESSAGES = 400_000;
const TCP_MESSAGES = 600_000;
const QUERY = query("_nomad._tcp.headwaiter.internal. IN SRV");
const POOLS = { nomad: pool("live", manyServers(40)), cold: pool("cold", []) };
/** Messages on their way at most: what the server's receive buffer certainly holds. */
const WINDOW = 1000;

const seen = (dns: DnsServer): number => dns.counters().duration.count;

async function flood(
  dns: DnsServer,
  { host, port }: ListenAddress,
  next: () => Buffer,
  count: number,
): Promise<void> {
  const socket = createSocket("udp4");
  socket.on("message", () => undefined);
  const before = seen(dns);
  for (let sent = 0; sent < count; ) {
    for (let i = 0; i < WINDOW / 2 && sent < count; i++, sent++) {
      socket.send(next(), port, host);
    }
    await until(() => sent - (seen(dns) - before) <= WINDOW / 2);
  }
  await until(() => seen(dns) - before === count);
  await closed(socket);
}

function closed(socket: UdpSocket): Promise<void> {
  return new Promise((resolve) => {
    socket.close(resolve);
  });
}

/** Sends frames over connections that the server may close at any of them. */
async function floodTcp(
  dns: DnsServer,
  { host, port }: ListenAddress,
  next: () => Buffer,
  count: number,
): Promise<void> {
  const before = seen(dns);
  while (seen(dns) - before < count) {
    const socket = connect({ host, port });
    socket.on("error", () => undefined);
    socket.resume();
    for (let batch = 0; batch < 20 && !socket.destroyed; batch++) {
      const frames = Array.from({ length: 200 }, () => framed(next()));
      await new Promise((written) => socket.write(Buffer.concat(frames), written));
    }
    socket.end();
    await once(socket, "close");
  }
}

describe("the DNS server under load", () => {
  test(`${UDP_MESSAGES + TCP_MESSAGES} mutated and generated packets (seed ${SEED})`, async (t) => {
    const { dns, address } = await serving(t, POOLS);
    const next = packetFuzzer(SEED);
    // The same packets again and again need no generator in the middle.
    const packets = Array.from({ length: 50_000 }, next).filter(({ length }) => length > 0);
    let at = 0;
    const cycled = (): Buffer => packets[at++ % packets.length] ?? QUERY;
    await flood(dns, address, cycled, UDP_MESSAGES / 4);
    await floodTcp(dns, address, cycled, TCP_MESSAGES / 4);
    const early = process.memoryUsage().rss;
    await flood(dns, address, cycled, (UDP_MESSAGES * 3) / 4);
    await floodTcp(dns, address, cycled, (TCP_MESSAGES * 3) / 4);
    const grown = (process.memoryUsage().rss - early) / 2 ** 20;
    assert.ok(grown < 64, `grown by ${grown} MiB`);
    assert.equal(dns.counters().events.failures, 0);
    assert.deepEqual(dns.state(), { kind: "serving", restarts: 0 });
    assert.match(text(await askUdp(address, QUERY)), /^;; NOERROR/);
  });

  test("no message takes 5 ms, nor the longest chain of pointers 1 ms", () => {
    const { responder } = respondingFor(POOLS);
    // The machine may stop us at any time, but not at the same message five times over.
    const quickest = (message: Buffer): number =>
      Math.min(
        ...Array.from({ length: 5 }, () => {
          const start = performance.now();
          responder.respond(message, "tcp");
          return performance.now() - start;
        }),
      );
    const next = packetFuzzer(SEED + 1);
    for (let i = 0; i < 100_000; i++) {
      const message = next();
      const start = performance.now();
      responder.respond(message, "udp");
      if (performance.now() - start > 5) {
        assert.ok(quickest(message) < 5, message.toString("hex"));
      }
    }
    const pointers = Array.from({ length: 32_700 }, (_, i) => words(0xc000 | ((12 + i * 2) & 0x3fff)));
    assert.ok(quickest(Buffer.concat([words(1, 0, 1, 0, 0, 0), ...pointers])) < 1);
    assert.ok(quickest(Buffer.concat([words(1, 0, 1, 0, 0, 2), QUERY.subarray(12), ...pointers])) < 1);
  });

  test("2,000 idle connections and 200 that drip: UDP is unaffected, new TCP clients are served within a second", async (t) => {
    const { address } = await serving(t, POOLS);
    const sockets: Socket[] = [];
    t.after(() => {
      for (const socket of sockets) {
        socket.destroy();
      }
    });
    const open = (): Socket => {
      const socket = connect(address);
      socket.on("error", () => undefined);
      sockets.push(socket);
      return socket;
    };
    for (let i = 0; i < 2000; i++) {
      open();
    }
    let dripping = Array.from({ length: 200 }, open);
    const frame = framed(QUERY);
    for (let second = 0; second < 3; second++) {
      // One that was closed comes back, as an attacker's would.
      dripping = dripping.map((socket) => (socket.destroyed ? open() : socket));
      for (const socket of dripping) {
        socket.write(frame.subarray(second, second + 1));
      }
      const start = performance.now();
      for (let i = 0; i < 100; i++) {
        assert.match(text(await askUdp(address, QUERY)), /^;; NOERROR/);
      }
      const udpMs = (performance.now() - start) / 100;
      assert.ok(udpMs < 50, `UDP: ${udpMs} ms each`);
      for (let i = 0; i < 10; i++) {
        const asked = performance.now();
        const { replies } = await askTcp(address, [frame], 1, 1000);
        assert.equal(replies.length, 1, `TCP: no answer after ${performance.now() - asked} ms`);
      }
    }
  });
});
