/** What a pool shows of itself, in the situations that each word of it is for. */
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { until } from "../../scripts/lab/until.ts";
import { Pool } from "../../src/agent/pool.ts";
import { PoolUses } from "../../src/agent/pool-uses.ts";
import { placeOf } from "../../src/agent/reload-plan.ts";
import { configOf } from "../../src/config/layer.ts";
import { SourceLimits } from "../../src/core/feedback.ts";
import type { PushedHeartbeat } from "../../src/core/heartbeat.ts";
import type { PoolEvent } from "../../src/core/journal-event.ts";
import type { Due, SourceStatus } from "../../src/core/pool-view.ts";
import { FakeCatalog } from "../support/fake-catalog.ts";
import { FakeClock, FakeLogger, FakeResolver, settled } from "../support/fake-ports.ts";
import { closedPort, scriptedServer } from "../support/scripted-server.ts";

function poolOf(t: TestContext, values: object) {
  const clock = new FakeClock(1_000_000);
  const catalog = new FakeCatalog();
  const noted: PoolEvent[] = [];
  const place = placeOf(configOf([{ origin: "test", values: {} }]));
  const prepare = (settings: object) =>
    pool.prepare(configOfPool(settings), place) ?? assert.fail("the same");
  const configOfPool = (settings: object) =>
    configOf([{ origin: "test", values: { pools: { web: settings } } }]).pools["web"] ?? assert.fail();
  const pool = new Pool("web", configOfPool(values), place, {
    clock,
    catalog,
    reportLimits: new SourceLimits(),
    uses: new PoolUses(clock),
    resolver: new FakeResolver(),
    logger: new FakeLogger(),
    note: (event) => noted.push(event),
    random: () => 0.5,
  });
  t.after(() => pool.stop());
  pool.start();
  const due = (what: Due["what"]) => pool.view().due.find((each) => each.what === what);
  const source = (name: SourceStatus["source"]) =>
    pool.view().sources.find((status) => status.source === name) ?? assert.fail(`no source ${name}`);
  return { pool, clock, catalog, noted, due, source, prepare };
}

function heartbeatOf(servers: readonly string[], leaderRpcAddr = servers[0] ?? ""): PushedHeartbeat {
  const infos = servers.map((rpcAdvertiseAddr) => ({
    rpcAdvertiseAddr,
    rpcMajorVersion: 1,
    rpcMinorVersion: 1,
    datacenter: "dc1",
  }));
  return { servers: infos, numNodes: 3, leaderRpcAddr, ttlMs: 10_000 };
}

suite("the view of a pool", () => {
  test("that nobody feeds is empty, and nothing but the rebalance is due", (t) => {
    const { pool, due } = poolOf(t, { ping: "none", backups: null });
    const { contact, history, name, sources, state, watched } = pool.view();
    assert.deepEqual(
      { contact, history, name, sources, state, watched },
      { contact: "held", history: [], name: "web", sources: [], state: "empty", watched: [] },
    );
    assert.deepEqual(
      pool.view().due.map(({ what }) => what),
      ["rebalance"],
    );
    assert.equal(due("rebalance")?.at, 1_000_000 + 750_000);
  });

  test("with pushed heartbeats: waiting, then ok; when contact is lost without another one, and that it is", async (t) => {
    const { pool, clock, due, noted, source } = poolOf(t, { ping: "none", backups: null, heartbeat: "push" });
    assert.equal(pool.view().state, "starting");
    assert.deepEqual(source("push"), {
      source: "push",
      state: "waiting",
      lastSuccessAt: undefined,
      warnings: [],
    });
    await pool.pushed?.take(heartbeatOf(["10.0.0.1:1"]));
    assert.equal(pool.view().state, "live");
    assert.equal(source("push").state, "ok");
    const heardAt = clock.now();
    assert.equal(source("push").lastSuccessAt, heardAt);
    assert.equal(due("contact-lost")?.at, clock.now() + 30_000);
    assert.deepEqual(
      pool.view().history.map(({ cause }) => cause.occurrence),
      ["heartbeat-received"],
    );
    await clock.advance(30_000);
    assert.equal(pool.view().contact, "orphaned");
    assert.equal(due("contact-lost"), undefined);
    assert.deepEqual(noted.at(-1), {
      kind: "contact-changed",
      contact: "orphaned",
      lastHeartbeatAt: heardAt,
    });
  });

  test("given other settings: contact that was lost stays lost until a heartbeat comes", async (t) => {
    const settings = { ping: "none", heartbeat: "push" };
    const { pool, catalog, clock, prepare } = poolOf(t, settings);
    await pool.pushed?.take(heartbeatOf(["10.0.0.1:1"]));
    await settled();
    catalog.waiting().answer(["10.0.0.9:80"], 1);
    await clock.advance(30_000);
    assert.equal(pool.view().contact, "orphaned");
    assert.equal(pool.snapshot().tierOf("10.0.0.9:80"), "primary");
    const before = pool.pushed;
    prepare({ ...settings, servers: ["10.0.0.2:1"] })();
    assert.notEqual(pool.pushed, before);
    assert.equal(pool.view().contact, "orphaned");
    await pool.pushed?.take(heartbeatOf(["10.0.0.1:1"]));
    assert.equal(pool.view().contact, "held");
    assert.equal(pool.snapshot().tierOf("10.0.0.9:80"), "backup");
  });

  test("given other settings: contact that is held is lost as soon as without them", async (t) => {
    const settings = { ping: "none", heartbeat: "push", backups: null };
    const { pool, clock, due, prepare } = poolOf(t, settings);
    await pool.pushed?.take(heartbeatOf(["10.0.0.1:1"]));
    const lostAt = due("contact-lost")?.at ?? assert.fail();
    await clock.advance(20_000);
    prepare({ ...settings, servers: ["10.0.0.2:1"] })();
    assert.equal(due("contact-lost")?.at, lostAt);
    await clock.advance(9_999);
    assert.equal(pool.view().contact, "held");
    await clock.advance(1);
    assert.equal(pool.view().contact, "orphaned");
  });

  test("with Consul: waiting, ok, failing with the reason and the next try; when an empty answer counts", async (t) => {
    const { clock, catalog, due, source } = poolOf(t, { ping: "none" });
    await settled();
    assert.equal(source("consul").state, "waiting");
    catalog.waiting().answer(["10.0.0.9:80"], 1);
    await settled();
    assert.equal(source("consul").state, "ok");
    assert.equal(source("consul").lastSuccessAt, clock.now());
    catalog.waiting().answer([], 2);
    await settled();
    assert.ok((due("empty-hold-ends")?.at ?? 0) > clock.now());
    catalog.waiting().fail("unreachable");
    await settled();
    const { lastError, nextAt, state, warnings } = source("consul");
    assert.equal(state, "failing");
    assert.match(lastError ?? "", /unreachable/);
    assert.equal(warnings.length, 1);
    assert.equal(nextAt, due("consul-retry")?.at);
    assert.ok((nextAt ?? 0) > clock.now());
  });

  test("tells of a rebalance that changed nothing, with how many were asked", async (t) => {
    const { pool, noted } = poolOf(t, { servers: ["10.0.0.1:1", "10.0.0.2:1"], ping: "none", backups: null });
    const kept = () => noted.filter(({ kind }) => kind === "rebalance-kept");
    const changed = () => noted.filter(({ kind }) => kind === "list-changed").length;
    for (let round = 0; kept().length === 0 && round < 20; round += 1) {
      const before = changed();
      if (!(await pool.proxy.rebalanceServers())) {
        assert.equal(changed(), before);
      }
    }
    assert.deepEqual(kept(), [{ kind: "rebalance-kept", pinged: 1, answered: 1 }]);
  });

  test("that asks for heartbeats: when the next one is asked for, also after a failure", async (t) => {
    const silent = await scriptedServer(t, (socket) => socket.destroy());
    const settings = { servers: [silent.address], heartbeat: "nomad", ping: "none", backups: null };
    const { pool, clock, due, source } = poolOf(t, settings);
    assert.equal(source("heartbeat").state, "waiting");
    assert.equal(source("static").state, "ok");
    await until(async () => {
      await clock.advance(1_000);
      return source("heartbeat").state === "failing" && (due("heartbeat")?.at ?? 0) > clock.now();
    });
    assert.notEqual(source("heartbeat").lastError, undefined);
    assert.equal(source("heartbeat").nextAt, due("heartbeat")?.at);
    assert.equal(pool.view().state, "live");
  });

  test("that watches its servers: what each answered last; an outage, and the penalties that it brings", async (t) => {
    const servers = [await scriptedServer(t, () => undefined), await scriptedServer(t, () => undefined)];
    const settings = { servers: servers.map(({ address }) => address), ping: "tcp", backups: null };
    const { pool, clock, noted } = poolOf(t, settings);
    await until(async () => {
      await clock.advance(10);
      return pool.view().watched.filter(({ phase }) => phase === "up").length === 2;
    });
    const [head, standby] = pool.view().watched;
    assert.deepEqual([head?.key, head?.role], [pool.proxy.findServer()?.key, "head"]);
    assert.equal(standby?.role, "standby");
    assert.ok((head?.lastAnswer?.at ?? 0) >= (head?.since ?? 0) && (head?.lastAnswer?.tookMs ?? -1) >= 0);
    const before = pool.snapshot();
    assert.equal(before.headSince?.cause.occurrence, "primary-added");
    await Promise.all(servers.map((server) => server.stop()));
    await until(async () => {
      await clock.advance(10);
      return pool.view().state === "outage";
    });
    const penalised = pool.view().due.filter(({ what }) => what === "penalty-ends");
    assert.deepEqual(penalised.map(({ server }) => server).toSorted(), settings.servers.toSorted());
    assert.ok(pool.view().watched.every(({ phase, reason }) => phase !== "down" || reason !== ""));
    assert.ok(noted.some(({ kind }) => kind === "outage-began"));
    assert.deepEqual(
      pool.view().due.map(({ at }) => at),
      pool
        .view()
        .due.map(({ at }) => at)
        .toSorted((one, other) => one - other),
    );
  });

  for (const what of ["reconnect", "outage-probe"] as const) {
    test(`in an outage: ${what}, at the very moment`, async (t) => {
      const ports = [await closedPort(t), await closedPort(t), await closedPort(t)];
      const servers = ports.map((port) => `127.0.0.1:${port}`);
      const { pool, clock, due } = poolOf(t, { servers, ping: "tcp", backups: null });
      await until(async () => {
        await clock.advance(10);
        return pool.view().state === "outage" && due(what) !== undefined;
      });
      const { at, server = "" } = due(what) ?? assert.fail();
      assert.ok(at > clock.now() && servers.includes(server));
      await clock.advance(at - clock.now() - 1);
      assert.deepEqual(due(what), { what, at, server });
      await clock.advance(1);
      assert.notDeepEqual(due(what), { what, at, server });
    });
  }

  test("a watched server that answers is not dialled", async (t) => {
    const server = await scriptedServer(t, () => undefined);
    const { pool, clock, due } = poolOf(t, { servers: [server.address], ping: "tcp", backups: null });
    await until(async () => {
      await clock.advance(10);
      return pool.view().watched.some(({ phase }) => phase === "up");
    });
    assert.equal(due("reconnect"), undefined);
  });
});
