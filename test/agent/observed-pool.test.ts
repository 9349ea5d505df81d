/** What a pool tells of its routine: the journal leaves it out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../../scripts/lab/until.ts";
import { PoolUses } from "../../src/agent/pool-uses.ts";
import { Pools } from "../../src/agent/pools.ts";
import { placeOf } from "../../src/agent/reload-plan.ts";
import { configOf } from "../../src/config/layer.ts";
import type { RoutineEvent } from "../../src/core/routine.ts";
import { FakeCatalog } from "../support/fake-catalog.ts";
import { FakeClock, FakeLogger, FakeResolver, noteTo } from "../support/fake-ports.ts";
import { scriptedServer } from "../support/scripted-server.ts";

test("each ping with its server and role, how a rebalance ended, and pushed heartbeats, of the right pool", async (t) => {
  const servers = [await scriptedServer(t, () => undefined), await scriptedServer(t, () => undefined)];
  const keys = servers.map(({ address }) => address);
  const logger = new FakeLogger();
  const observed: (readonly [pool: string, event: RoutineEvent])[] = [];
  const settings = { servers: keys, ping: "tcp", heartbeat: "push", backups: null };
  const config = configOf([
    { origin: "test", values: { pools: { web: settings, db: { ...settings, servers: [], ping: "none" } } } },
  ]);
  const clock = new FakeClock();
  const pools = new Pools(config.pools, placeOf(config), {
    clock,
    uses: new PoolUses(clock),
    random: () => 0.5,
    resolver: new FakeResolver(),
    catalog: new FakeCatalog(),
    loggerOf: () => logger,
    noteOf: () => noteTo(logger),
    observerOf: (pool) => (event) => observed.push([pool, event]),
    changed: () => undefined,
  });
  t.after(() => pools.stop());
  pools.start();
  const of = (wanted: string, kind: RoutineEvent["kind"]) =>
    observed.flatMap(([pool, event]) => (pool === wanted && event.kind === kind ? [event] : []));
  await until(() => of("web", "pinged").length > 0);
  const [ping] = of("web", "pinged");
  assert.deepEqual(ping, { kind: "pinged", role: "head", server: keys[0], result: "ok", tookMs: 0 });

  observed.length = 0;
  await pools.byName.get("web")?.proxy.rebalanceServers();
  const candidates = of("web", "pinged").filter(
    (event) => event.kind === "pinged" && event.role === "candidate",
  );
  assert.equal(candidates.length, 1);
  assert.ok(
    candidates.every(
      (event) => event.kind === "pinged" && event.result === "ok" && keys.includes(event.server),
    ),
  );
  assert.equal(of("web", "rebalance-ended").length, 1);

  await pools.byName.get("db")?.pushed?.take({ servers: [], numNodes: 1, leaderRpcAddr: "", ttlMs: 1_000 });
  assert.deepEqual(of("db", "heartbeat-pushed"), [{ kind: "heartbeat-pushed" }]);
  assert.deepEqual(of("web", "heartbeat-pushed"), []);
});
