import assert from "node:assert/strict";
import { Resolver } from "node:dns/promises";
import { test } from "node:test";
import { RpcProxy } from "../src/index.ts";
import { ConsulClient } from "../src/net/consul/consul-client.ts";
import { ConsulWatcher } from "../src/sources/consul/consul-watcher.ts";
import { DEFAULT_CONSUL_WATCH } from "../src/sources/consul/watch-config.ts";
import { silentLogger, systemClock, systemRandom } from "../src/system-ports.ts";
import { DnsServer } from "../src/views/dns/dns-server.ts";
import { begin, end } from "../test/support/lives.ts";
import { ConsulContainer } from "./support/consul-container.ts";

const ROUNDS = 40;

/**
 * What our answer may cost beyond Consul's own: 5 ms, or half of Consul's own time on a machine that is slow just now.
 */
function boundMs(consulMs: number): number {
  return consulMs + Math.max(5, consulMs / 2);
}

/** How long until `look` holds, asking again at once; in milliseconds since `startedAt`. */
async function until(startedAt: number, look: () => Promise<boolean>): Promise<number> {
  while (!(await look())) {
    assert.ok(performance.now() - startedAt < 10_000, "not within 10 s");
    await new Promise((resolve) => setImmediate(resolve));
  }
  return performance.now() - startedAt;
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** A pool from Consul to DNS: the watch, the list, and the view that answers. */
async function startPool(consulPort: number): Promise<{ dnsPort: number } & AsyncDisposable> {
  const ports = { clock: systemClock, random: systemRandom, logger: silentLogger };
  const proxy = new RpcProxy(
    { ...ports, pinger: { ping: () => Promise.resolve() } },
    { region: "global", datacenter: "dc1", rpcMajorVersion: 1, rpcMinorVersion: 1 },
  );
  const dns = new DnsServer({
    listen: [{ host: "127.0.0.1", port: 0 }],
    domain: "headwaiter.internal",
    ttlSeconds: 0,
    negativeTtlSeconds: 0,
    sockets: 1,
    ...ports,
  });
  const publish = () => {
    dns.update(new Map([["web", { snapshot: proxy.snapshot(), state: "live" }]]));
  };
  const client = new ConsulClient({ address: `http://127.0.0.1:${consulPort}` });
  const config = { ...DEFAULT_CONSUL_WATCH, service: "web" };
  const watcher = new ConsulWatcher(
    { ...ports, catalog: client, sink: proxy, note: () => undefined },
    config,
  );
  proxy.subscribe(publish);
  publish();
  await dns.start();
  begin(watcher);
  return {
    dnsPort: dns.addresses()[0]?.port ?? 0,
    [Symbol.asyncDispose]: async () => {
      await end(watcher);
      await client.close();
      await dns.stop();
    },
  };
}

/** Asks one nameserver for the ports of a name's SRV records. */
function srvPorts(nameserverPort: number, name: string): () => Promise<readonly number[]> {
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${nameserverPort}`]);
  return () =>
    resolver.resolveSrv(name).then(
      (found) => found.map(({ port }) => port),
      () => [],
    );
}

test("a registered server is in our SRV answer about as soon as in Consul's own", async (t) => {
  await using consul = await ConsulContainer.start();
  await using pool = await startPool(consul.httpPort);
  const ours = srvPorts(pool.dnsPort, "_web._tcp.all.headwaiter.internal");
  const theirs = srvPorts(consul.dnsPort, "web.service.consul");
  const times = { ours: [] as number[], theirs: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    const port = 4_001 + round;
    const startedAt = performance.now();
    const registered = consul.http.register({ name: "web", id: `web-${port}`, address: "192.0.2.1", port });
    const [our, their] = await Promise.all([
      until(startedAt, async () => (await ours()).includes(port)),
      until(startedAt, async () => (await theirs()).includes(port)),
      registered,
    ]);
    times.ours.push(our);
    times.theirs.push(their);
    if (round > 0) {
      await consul.http.deregister(`web-${port - 1}`);
    }
  }
  const [our, their] = [median(times.ours), median(times.theirs)];
  t.diagnostic(
    `median from register: ${our.toFixed(2)} ms to our SRV, ${their.toFixed(2)} ms to Consul's own`,
  );
  assert.ok(our <= boundMs(their), `${our} ms, Consul's own ${their} ms`);
});
