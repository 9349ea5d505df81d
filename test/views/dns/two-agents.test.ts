/** Two servers that are made to believe in each other's questions say nothing to each other. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { test } from "node:test";
import { until } from "../../../scripts/lab/until.ts";
import type { DnsServer } from "../../../src/views/dns/dns-server.ts";
import { askUdp } from "./dns-client.ts";
import { pool } from "./pools.ts";
import { serving } from "./serving.ts";
import { query } from "./zone-text.ts";

const QUERY = query("_nomad._tcp.headwaiter.internal. IN SRV");
const BAIT = [
  QUERY,
  query("example.com. IN A"),
  query("headwaiter.internal. IN SOA +opcode=5"),
  query("headwaiter.internal. IN SOA +qr"),
  query("headwaiter.internal. IN SOA +qr +opcode=15"),
  Buffer.concat([QUERY.subarray(0, 20)]),
];

/** Messages a server has seen, and those among them it left unanswered. */
function seen(dns: DnsServer): { readonly messages: number; readonly dropped: number } {
  const { duration, events } = dns.counters();
  return { messages: duration.count, dropped: events.dropped };
}

test("spoofed packets between two servers bring one answer each, and silence", async (t) => {
  const servers = { nomad: pool("live", ["10.0.0.1:4647"]) };
  // With a shared port the test can send from the first server's own address; what comes back goes to the server, whose
  // sockets are bound to that address and not to all.
  const one = await serving(t, servers, { sockets: 2 });
  const other = await serving(t, servers);
  const spoofer = createSocket({ type: "udp4", reusePort: true });
  await new Promise<void>((resolve) => {
    spoofer.bind(one.address.port, "0.0.0.0", resolve);
  });
  for (const bait of BAIT) {
    await new Promise((sent) => {
      spoofer.send(bait, other.address.port, other.address.host, sent);
    });
  }
  await new Promise<void>((resolve) => {
    spoofer.close(resolve);
  });
  // A packet of each to the other, through the same queues, comes back only after all that went before.
  for (let round = 0; round < 5; round++) {
    await Promise.all([askUdp(one.address, QUERY), askUdp(other.address, QUERY)]);
  }
  // Each ask is a query and its marker. All bait reached the other; two were answers, which it dropped.
  await until(() => seen(other.dns).messages === BAIT.length + 10);
  assert.equal(seen(other.dns).dropped, 2);
  // What it said to the others came back to the first, which dropped all of it.
  await until(() => seen(one.dns).messages === BAIT.length - 2 + 10);
  assert.equal(seen(one.dns).dropped, BAIT.length - 2);
  const settled = seen(one.dns);
  for (let round = 0; round < 20; round++) {
    await askUdp(other.address, QUERY);
  }
  await until(() => seen(other.dns).messages >= BAIT.length + 50);
  assert.deepEqual(seen(other.dns), { messages: BAIT.length + 50, dropped: 2 });
  assert.deepEqual(seen(one.dns), settled);
});
