/**
 * One pool, with everything that belongs to it: its catalog, names and clock are fakes, servers that it dials are on
 * sockets.
 */
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { until } from "../../scripts/lab/until.ts";
import { Pool } from "../../src/agent/pool.ts";
import { PoolUses } from "../../src/agent/pool-uses.ts";
import { configOf } from "../../src/config/layer.ts";
import { SourceLimits } from "../../src/core/feedback.ts";
import type { PushedHeartbeat } from "../../src/core/heartbeat.ts";
import { StandInServer } from "../../src/dev/stand-in-server.ts";
import { FakeCatalog } from "../support/fake-catalog.ts";
import { FakeClock, FakeLogger, FakeResolver, noteTo, settled } from "../support/fake-ports.ts";
import { scriptedServer } from "../support/scripted-server.ts";

const QUIET = { ping: "none", heartbeat: "none", backups: null };

function poolOf(t: TestContext, values: object) {
  const clock = new FakeClock();
  const catalog = new FakeCatalog();
  const resolver = new FakeResolver();
  const logger = new FakeLogger();
  let started = 0;
  const ports = {
    clock,
    catalog,
    reportLimits: new SourceLimits(),
    uses: new PoolUses(clock),
    resolver,
    logger,
    note: noteTo(logger),
    random: () => 0.5,
  };
  const config = configOf([{ origin: "test", values: { pools: { web: { ...QUIET, ...values } } } }]);
  const pool = new Pool("web", config.pools["web"] ?? assert.fail(), config, ports);
  let { revision } = pool.snapshot();
  pool.subscribe(() => {
    started += pool.snapshot().revision === revision ? 1 : 0;
    ({ revision } = pool.snapshot());
  });
  t.after(() => pool.stop());
  return { pool, clock, catalog, resolver, logger, started: () => started };
}

function heartbeatOf(addresses: readonly string[], ttlMs = 10_000): PushedHeartbeat {
  const servers = addresses.map((rpcAdvertiseAddr) => ({
    rpcAdvertiseAddr,
    rpcMajorVersion: 1,
    rpcMinorVersion: 1,
    datacenter: "dc1",
  }));
  return { servers, numNodes: 3, leaderRpcAddr: addresses[0] ?? "", ttlMs };
}

function listOf(pool: Pool, tier: "primary" | "backup"): readonly string[] {
  return pool.proxy
    .snapshot()
    .serversOf(tier)
    .map(({ key }) => key)
    .toSorted();
}

/** What keeps this process alive. */
function handles(): readonly string[] {
  return process.getActiveResourcesInfo().filter((kind) => /^(TCPSocket|TLSSocket|UDP|Timeout)/.test(kind));
}

suite("a pool is starting", () => {
  test("until its sources have reported, which is told once", async (t) => {
    const { pool, catalog, started } = poolOf(t, { backups: {}, heartbeat: "push" });
    pool.start();
    await settled();
    assert.equal(pool.listState(), "starting");
    catalog.waiting().answer([], 1);
    await settled();
    // Consul has reported when it has been searched in the other datacenters, too.
    catalog.waiting("dc1").answer([], 1);
    await settled();
    assert.equal(pool.listState(), "starting");
    assert.equal(started(), 0);
    await pool.pushed?.take(heartbeatOf([]));
    assert.notEqual(pool.listState(), "starting");
    assert.equal(started(), 1);
    await pool.pushed?.take(heartbeatOf([]));
    assert.equal(started(), 1);
  });

  test("until there is a server, whoever has not reported; that is seen in the list, not told", async (t) => {
    const { pool, started } = poolOf(t, { servers: ["db.example:80"], backups: {}, heartbeat: "push" });
    pool.start();
    await pool.pushed?.take(heartbeatOf(["10.0.0.1:80"]));
    assert.notEqual(pool.listState(), "starting");
    assert.equal(started(), 0);
  });

  test("until the first of its configured names has an address", async (t) => {
    const { pool, clock, resolver } = poolOf(t, { servers: ["db.example:80"] });
    pool.start();
    await clock.advance(60_000);
    assert.equal(pool.listState(), "starting");
    assert.ok(resolver.asked.length > 1);
    resolver.names.set("db.example", { addresses: ["10.0.0.5"], ttlSeconds: 60 });
    await clock.advance(60_000);
    assert.notEqual(pool.listState(), "starting");
    assert.equal(pool.proxy.findServer()?.key, "db.example:80");
  });

  test("never, when nobody can tell of a server", (t) => {
    const { pool } = poolOf(t, {});
    pool.start();
    assert.notEqual(pool.listState(), "starting");
  });
});

suite("the list of a pool", () => {
  test("is what a pushed heartbeat names; what can't be used is handed back", async (t) => {
    const { pool } = poolOf(t, { heartbeat: "push" });
    pool.start();
    const rejected = (await pool.pushed?.take(heartbeatOf(["10.0.0.1:80", "10.0.0.2:80", ":1"]))) ?? [];
    assert.deepEqual(listOf(pool, "primary"), ["10.0.0.1:80", "10.0.0.2:80"]);
    assert.equal(pool.proxy.leaderAddr(), "10.0.0.1:80");
    assert.deepEqual(
      rejected.map(({ code }) => code),
      ["host-missing"],
    );
    await pool.pushed?.take(heartbeatOf(["10.0.0.2:80"]));
    assert.deepEqual(listOf(pool, "primary"), ["10.0.0.2:80"]);
  });

  test("has what Consul finds as backups; as primaries once heartbeats fail for three times their TTL", async (t) => {
    const { pool, clock, catalog } = poolOf(t, { backups: {}, heartbeat: "push" });
    pool.start();
    await pool.pushed?.take(heartbeatOf(["10.0.0.1:80"], 10_000));
    await settled();
    catalog.waiting().answer(["10.0.0.9:80"], 1);
    await settled();
    assert.deepEqual(listOf(pool, "backup"), ["10.0.0.9:80"]);
    await clock.advance(29_999);
    assert.deepEqual(listOf(pool, "backup"), ["10.0.0.9:80"]);
    await clock.advance(1);
    assert.ok(listOf(pool, "primary").includes("10.0.0.9:80"));
    await pool.pushed?.take(heartbeatOf(["10.0.0.1:80"], 10_000));
    await settled();
    assert.deepEqual(listOf(pool, "backup"), ["10.0.0.9:80"]);
  });

  test("takes no pushed heartbeat when none is configured", (t) => {
    assert.equal(poolOf(t, {}).pool.pushed, undefined);
  });

  test("leaves a server that refuses connections behind one that accepts them", async (t) => {
    const [dead, alive] = [
      await scriptedServer(t, () => undefined),
      await scriptedServer(t, () => undefined),
    ];
    await dead.stop();
    const { pool, clock } = poolOf(t, { servers: [dead.address, alive.address], ping: "tcp" });
    pool.start();
    await until(async () => {
      await clock.advance(100);
      return pool.proxy.findServer()?.key === alive.address && alive.sockets.size > 0;
    });
  });
});

suite("the warnings of a pool", () => {
  test("are those of its watch of Consul, for as long as it fails", async (t) => {
    const { pool, clock, catalog } = poolOf(t, { backups: {} });
    pool.start();
    await settled();
    assert.deepEqual(pool.warnings(), []);
    catalog.waiting().fail("unreachable");
    await settled();
    assert.deepEqual(pool.warnings(), [{ since: 0, message: "Consul fails: failed: unreachable" }]);
    assert.equal(pool.listState(), "starting");
    await clock.advance(10_000);
    catalog.waiting().answer(["10.0.0.9:80"], 1);
    await settled();
    assert.deepEqual(pool.warnings(), []);
    assert.notEqual(pool.listState(), "starting");
  });

  test("are none before it starts, nor without a source that has any", async (t) => {
    assert.deepEqual(poolOf(t, { backups: {} }).pool.warnings(), []);
    const { pool, clock } = poolOf(t, { servers: ["db.example:80"], heartbeat: "push" });
    pool.start();
    await clock.advance(600_000);
    assert.deepEqual(pool.warnings(), []);
  });
});

/** Pools that use everything a pool can have, and who answers them. */
const KINDS: [what: string, values: (t: TestContext) => Promise<object>][] = [
  [
    "that takes heartbeats and dials nobody",
    () => Promise.resolve({ servers: ["db.example:80", "10.0.0.1:80"], backups: {}, heartbeat: "push" }),
  ],
  [
    "that dials",
    async (t) => {
      const servers = [await scriptedServer(t, () => undefined), await scriptedServer(t, () => undefined)];
      return { servers: servers.map(({ address }) => address), backups: {}, ping: "tcp" };
    },
  ],
  [
    "of Nomad servers",
    async (t) => {
      const server = new StandInServer({ view: {} });
      t.after(() => server.stop());
      await server.start();
      return { servers: [server.address], backups: {}, ping: "nomad", heartbeat: "nomad" };
    },
  ],
];

suite("the life of a pool", () => {
  for (const [what, valuesOf] of KINDS) {
    test(`${what}: stopped, it leaves no timer, no query and no connection`, async (t) => {
      const values = await valuesOf(t);
      // What the tests before used is closed a little after they end.
      await until(
        () => handles().length === 0,
        () => handles(),
      );
      const { pool, clock, catalog } = poolOf(t, values);
      pool.start();
      const dialsNobody = !("ping" in values);
      await until(async () => {
        await clock.advance(100);
        return pool.proxy.numServers() > 0 && (dialsNobody || handles().length > 0);
      });
      await pool.pushed?.take(heartbeatOf(["10.0.0.2:80"]));
      assert.ok(clock.pending > 0);
      assert.ok(catalog.open.length > 0);
      await pool.stop();
      assert.equal(clock.pending, 0);
      assert.equal(catalog.open.length, 0);
      await until(
        () => handles().length === 0,
        () => handles(),
      );
      const asked = catalog.asked.length;
      await pool.pushed?.take(heartbeatOf(["10.0.0.2:80"]));
      assert.equal(clock.pending, 0);
      await clock.advance(3_600_000);
      assert.equal(catalog.asked.length, asked);
      assert.deepEqual(handles(), []);
    });
  }

  test("started twice, it runs once", async (t) => {
    const server = await scriptedServer(t, () => undefined);
    const values = { servers: [server.address], ping: "tcp", backups: {}, heartbeat: "push" };
    const { pool, clock, catalog } = poolOf(t, values);
    pool.start();
    pool.start();
    await settled();
    const pending = clock.pending;
    pool.start();
    await settled();
    assert.equal(clock.pending, pending);
    await until(() => server.accepted() > 0);
    assert.equal(catalog.asked.length, 1);
    assert.equal(server.accepted(), 1);
    await pool.stop();
    assert.equal(clock.pending, 0);
  });

  test("stopped twice, at once or before it has started, it stops once and throws nothing", async (t) => {
    const { pool, clock, catalog } = poolOf(t, { servers: ["10.0.0.1:80"], backups: {}, heartbeat: "push" });
    await pool.stop();
    pool.start();
    await settled();
    await Promise.all([pool.stop(), pool.stop()]);
    await pool.stop();
    assert.equal(clock.pending, 0);
    assert.equal(catalog.open.length, 0);
    assert.equal(catalog.asked.length, 1);
  });

  test("before it starts it asks nobody", async (t) => {
    const { clock, catalog, resolver } = poolOf(t, {
      servers: ["db.example:80"],
      backups: {},
      heartbeat: "push",
    });
    await clock.advance(3_600_000);
    assert.equal(clock.pending, 0);
    assert.deepEqual(catalog.asked, []);
    assert.deepEqual(resolver.asked, []);
  });
});

suite("what a pool is in Consul's names", () => {
  const rows: readonly [backups: object | null, service: object | undefined][] = [
    [null, undefined],
    [{}, { name: "web", tag: undefined }],
    [
      { service: "site", tag: "blue" },
      { name: "site", tag: "blue" },
    ],
    [{ filter: "Node.Meta.rack == a1" }, undefined],
    [{ datacenters: ["dc2"] }, undefined],
  ];
  for (const [backups, service] of rows) {
    test(`backups: ${JSON.stringify(backups)}`, (t) => {
      assert.deepEqual(poolOf(t, { backups }).pool.consulService(), service);
    });
  }
});

test("a pool tells which servers it found down, for as long as it asks them", async (t) => {
  const servers = [new StandInServer(), new StandInServer()];
  for (const server of servers) {
    t.after(() => server.stop());
    await server.start();
  }
  const values = { servers: servers.map(({ address }) => address), ping: "tcp" };
  const { pool, clock } = poolOf(t, values);
  const told: string[] = [];
  pool.foundDown.subscribe(() => told.push([...pool.foundDown.keys()].join(" ")));
  pool.start();
  await until(() => servers.every(({ acceptedConnections }) => acceptedConnections > 0));
  const [head] = servers;
  await head?.stop();
  await until(async () => {
    await clock.advance(100);
    return told.length > 0;
  });
  assert.deepEqual(told, [head?.address]);
  const config = configOf([
    { origin: "test", values: { pools: { web: { ...QUIET, ...values, ping: "none" } } } },
  ]);
  pool.prepare(config.pools["web"] ?? assert.fail(), config)?.();
  assert.deepEqual(told.slice(1), [""]);
});
