import assert from "node:assert/strict";
import { Resolver } from "node:dns/promises";
import { test } from "node:test";
import { WatchedPool } from "../test/consul/watched-pool.ts";
import { ConsulContainer } from "./support/consul-container.ts";

const ROUNDS = 40;

/** What the answer may cost beyond Consul's own: one more answer over loopback and its parsing, on a noisy machine. */
const BEHIND_CONSUL_MS = 5;

/** How long until `look` holds, asking again at once; in milliseconds since `startedAt`. */
async function until(startedAt: number, look: () => boolean | Promise<boolean>): Promise<number> {
  while (!(await look())) {
    assert.ok(performance.now() - startedAt < 10_000, "not within 10 s");
    await new Promise((resolve) => setImmediate(resolve));
  }
  return performance.now() - startedAt;
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

test("a registered server is in the list about as soon as in Consul's own DNS", async (t) => {
  await using consul = await ConsulContainer.start();
  await using pool = new WatchedPool({ address: `http://127.0.0.1:${consul.httpPort}` });
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${consul.dnsPort}`]);
  const dnsNames = (port: number) =>
    resolver.resolveSrv("web.service.consul").then(
      (found) => found.some((record) => record.port === port),
      () => false,
    );
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const port = 4_001 + round;
    const address = `192.0.2.1:${port}`;
    const startedAt = performance.now();
    const registered = consul.http.register({ name: "web", id: `web-${port}`, address: "192.0.2.1", port });
    // Where the list becomes an SRV answer: the report to the core, whose snapshot the DNS view answers from.
    const [list, dns] = await Promise.all([
      until(startedAt, () => pool.list.includes(address)),
      until(startedAt, () => dnsNames(port)),
      registered,
    ]);
    ours.push(list);
    theirs.push(dns);
    await consul.http.deregister(`web-${port}`);
  }
  const [list, dns] = [median(ours), median(theirs)];
  t.diagnostic(
    `median from register: ${list.toFixed(2)} ms to the list, ${dns.toFixed(2)} ms to Consul's own SRV`,
  );
  assert.ok(list <= dns + BEHIND_CONSUL_MS, `${list} ms, Consul's own ${dns} ms`);
});
