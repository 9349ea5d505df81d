/**
 * Pools that come, go and change while they are asked: servers on sockets, real DNS; names and Consul are fakes.
 */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { suite, type TestContext, test } from "node:test";
import { MAX_BURST } from "../../scripts/lab/dns-asker.ts";
import { until } from "../../scripts/lab/until.ts";
import { PoolUses } from "../../src/agent/pool-uses.ts";
import { Pools } from "../../src/agent/pools.ts";
import { placeOf } from "../../src/agent/reload-plan.ts";
import { configOf } from "../../src/config/layer.ts";
import { systemClock, systemRandom } from "../../src/system-ports.ts";
import { DnsServer } from "../../src/views/dns/dns-server.ts";
import { FakeCatalog } from "../support/fake-catalog.ts";
import { FakeLogger, FakeResolver, noteTo } from "../support/fake-ports.ts";
import { askForHead } from "../support/head-asker.ts";
import { type ScriptedServer, scriptedServer } from "../support/scripted-server.ts";

const DOMAIN = "headwaiter.internal";

async function servedPools(t: TestContext, pools: object) {
  const place = placeOf(configOf([{ origin: "test", values: {} }]));
  const logger = new FakeLogger();
  const catalog = new FakeCatalog();
  const dns = new DnsServer({
    listen: [{ host: "127.0.0.1", port: 0 }],
    domain: DOMAIN,
    ttlSeconds: 0,
    negativeTtlSeconds: 0,
    sockets: 1,
    logger,
    clock: systemClock,
  });
  const configs = (values: object) => configOf([{ origin: "test", values: { pools: values } }]).pools;
  const show = () => {
    dns.show([...served.byName.values()]);
  };
  const served: Pools = new Pools(configs(pools), place, {
    clock: systemClock,
    random: systemRandom,
    resolver: new FakeResolver(),
    catalog,
    uses: new PoolUses(systemClock),
    loggerOf: () => logger,
    noteOf: () => noteTo(logger),
    changed: show,
  });
  t.after(async () => {
    await served.stop();
    await dns.stop();
  });
  show();
  await dns.start();
  served.start();
  const [address = assert.fail()] = dns.addresses();
  return {
    pools: served,
    catalog,
    logger,
    dns: `${address.host}:${address.port}`,
    replace: (values: object) => {
      served.prepare(configs(values), place).swap();
    },
    pool: (name: string) => served.byName.get(name) ?? assert.fail(`no pool ${name}`),
  };
}

/** Asked all the time for the head. */
async function asking(t: TestContext, address: string, port: number) {
  return await askForHead(t, { address, perSecond: 2_000, maxOpen: MAX_BURST }, port);
}

function handles(): readonly string[] {
  return process
    .getActiveResourcesInfo()
    .filter((kind) => /^(TCP|TLS|UDP|Pipe)/.test(kind))
    .toSorted();
}

/** Reads what it is sent: unread, it would keep the server's end of a closed connection open. */
const reads = (socket: Socket) => void socket.resume();

const portOf = ({ address }: ScriptedServer) => Number(address.split(":")[1]);

/** Each replaces another part of the pool, or sets it while it runs. */
const CHANGES: readonly object[] = [
  { health: { interval: "100ms" } },
  { health: { timeout: "5s", standby: false } },
  { rebalance: { min_reuse: "1h", jitter: "1h" } },
  { backups: { service: "another" } },
  { backups: null },
  { heartbeat: "push" },
  { heartbeat: "nomad", send_token: "always" },
  { ping: "none" },
  {},
];

suite("a pool that is given other settings", () => {
  test("under 2,000 questions a second: same head, same revision, nothing lost or wrong, no handle left", async (t) => {
    const servers = [await scriptedServer(t, reads), await scriptedServer(t, reads)];
    const settings = { servers: servers.map(({ address }) => address), ping: "tcp" };
    const served = await servedPools(t, { web: settings });
    const { proxy } = served.pool("web");
    await until(() => proxy.numServers() === 2 && servers.every(({ sockets }) => sockets.size === 1));
    const before = { head: proxy.findServer()?.key, revision: proxy.snapshot().revision, handles: handles() };
    const head = servers.find(({ address }) => address === before.head) ?? assert.fail();
    const questions = await asking(t, served.dns, portOf(head));
    for (let round = 0; round < 5; round++) {
      for (const change of CHANGES) {
        const askedBefore = questions.counts().sent;
        served.replace({ web: { ...settings, ...change } });
        await until(() => questions.counts().sent > askedBefore + 20);
        assert.equal(proxy.findServer()?.key, before.head, JSON.stringify(change));
        assert.equal(proxy.snapshot().revision, before.revision, JSON.stringify(proxy.history().at(-1)));
      }
    }
    await questions.end();
    // The asker's own socket goes with the test.
    await until(
      () => handles().filter((kind) => !kind.startsWith("UDP")).length <= before.handles.length,
      () => ({ before: before.handles, now: handles() }),
    );
    assert.equal(served.catalog.open.length, 1);
    await served.pools.stop();
    assert.equal(served.catalog.open.length, 0);
    await until(() => servers.every(({ sockets }) => sockets.size === 0));
  });

  test("of health's times and the list's policy: the connections that are held stay", async (t) => {
    const server = await scriptedServer(t, reads);
    const settings = { servers: [server.address], ping: "tcp", backups: null };
    const served = await servedPools(t, { web: { ...settings, health: { interval: "1h" } } });
    const { pool, replace } = served;
    await until(() => server.sockets.size === 1);
    replace({ web: { ...settings, health: { interval: "50ms", timeout: "1s" } } });
    replace({ web: { ...settings, rebalance: { min_reuse: "1h", jitter: "0s" } } });
    const questions = await asking(t, served.dns, portOf(server));
    await until(() => questions.counts().sent > 200);
    await questions.end();
    assert.equal(server.accepted(), 1);
    assert.equal(pool("web").proxy.findServer()?.key, server.address);
  });

  test("with a file that can't be read: one line, and nothing has changed, in no pool", async (t) => {
    const served = await servedPools(t, { web: { ping: "none", backups: null, servers: ["10.0.0.1:1"] } });
    const before = served.pool("web");
    const broken = { ping: "none", backups: null, servers: ["10.0.0.2:1"], tls: { ca_file: "missing.pem" } };
    assert.throws(() => {
      served.replace({ another: {}, web: broken });
    }, /missing\.pem: expected a readable PEM file/);
    assert.equal(served.pools.byName.size, 1);
    assert.equal(served.pool("web"), before);
    assert.deepEqual(before.proxy.serverRpcAddrs(), ["10.0.0.1:1"]);
  });

  test("servers: new ones are appended, those left out leave, the head stays if it is still named", async (t) => {
    const of = (...servers: string[]) => ({ web: { ping: "none", backups: null, servers } });
    const served = await servedPools(t, of("10.0.0.1:1", "10.0.0.2:1"));
    const { proxy } = served.pool("web");
    const [head = "", next = ""] = proxy.serverRpcAddrs();
    served.replace(of("10.0.0.3:1", head));
    assert.deepEqual(proxy.serverRpcAddrs(), [head, "10.0.0.3:1"]);
    assert.equal(proxy.snapshot().cause.occurrence, "configuration-changed");
    served.replace(of(next));
    assert.deepEqual(proxy.serverRpcAddrs(), [next]);
  });

  test("no Consul: what only Consul named leaves, what is configured stays", async (t) => {
    const settings = { ping: "none", servers: ["10.0.0.1:1"] };
    const served = await servedPools(t, { web: settings });
    await until(() => served.catalog.open.length === 1);
    served.catalog.waiting().answer(["10.0.0.1:1", "10.0.0.2:1"], 1);
    const { proxy } = served.pool("web");
    await until(() => proxy.numServers() === 2);
    served.replace({ web: { ...settings, backups: null } });
    assert.deepEqual(proxy.serverRpcAddrs(), ["10.0.0.1:1"]);
    await until(() => served.catalog.open.length === 0);
  });

  test("no heartbeats: what only they named leaves, what is configured stays in its place", async (t) => {
    const settings = { ping: "none", backups: null, servers: ["10.0.0.1:1", "10.0.0.2:1"] };
    const served = await servedPools(t, { web: { ...settings, heartbeat: "push" } });
    const { proxy } = served.pool("web");
    const [head = ""] = proxy.serverRpcAddrs();
    const servers = ["10.0.0.3:1", head].map((rpcAdvertiseAddr) => ({
      rpcAdvertiseAddr,
      rpcMajorVersion: 1,
      rpcMinorVersion: 1,
      datacenter: "dc1",
    }));
    await served
      .pool("web")
      .pushed?.take({ servers, numNodes: undefined, leaderRpcAddr: head, ttlMs: 10_000 });
    assert.deepEqual(proxy.serverRpcAddrs(), [head, "10.0.0.3:1"]);
    served.replace({ web: settings });
    assert.deepEqual(proxy.serverRpcAddrs(), [head]);
    assert.deepEqual(proxy.snapshot().members.get(head)?.claims, { static: "primary" });
  });
});

suite("pools that come and go", () => {
  test("a new one is served from the moment it has a head; one that is removed is no name any more", async (t) => {
    const server = await scriptedServer(t, reads);
    const kept = { ping: "none", backups: null, servers: ["10.0.0.1:1"] };
    const served = await servedPools(t, { kept });
    const own = served.pool("kept");
    const web = { ping: "tcp", backups: null, servers: [server.address] };
    served.replace({ kept, web });
    assert.equal(served.pool("kept"), own);
    await until(() => server.sockets.size === 1);
    const questions = await asking(t, served.dns, portOf(server));
    await until(() => questions.counts().sent > 100);
    await questions.end();
    served.replace({ kept });
    assert.deepEqual([...served.pools.byName.keys()], ["kept"]);
    await until(() => server.sockets.size === 0);
  });
});
