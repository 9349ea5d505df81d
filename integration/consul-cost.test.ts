import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ConsulClient } from "../src/consul/consul-client.ts";
import { eventually } from "../test/consul/eventually.ts";
import { FakeConsul } from "../test/consul/fake-consul.ts";
import { WatchedPool } from "../test/consul/watched-pool.ts";
import { ConsulContainer } from "./support/consul-container.ts";

const WATCHERS = 500;

/** A shared, noisy machine: the herd is given half a minute where a quiet one needs 3 s. */
const CATCH_UP_MS = 30_000;

/**
 * While Consul is down, a watch with a cap of 2 s tries at random moments up to 0.25, 0.5, 1, 2, 2 … s apart: about three
 * times in the first second, once a second then.
 */
const FIRST_SECOND_BOUND = 5 * WATCHERS;
const LATER_BOUND = 2 * WATCHERS;

suite("a herd of 500 watches on one Consul", () => {
  let consul: ConsulContainer;
  let client: ConsulClient;
  let pools: readonly WatchedPool[];
  before(async () => {
    consul = await ConsulContainer.start({ hcl: ["limits { http_max_conns_per_client = 2000 }"] });
    await consul.http.register({ name: "web", id: "web-1", address: "192.0.2.1", port: 4001 });
    client = new ConsulClient({ address: `http://127.0.0.1:${consul.httpPort}` });
    pools = Array.from(
      { length: WATCHERS },
      () => new WatchedPool(client, { waitMs: 60_000, slackMs: 10_000, emptyHoldMs: 90_000 }),
    );
  });
  after(async () => {
    await Promise.all(pools.map((pool) => pool.stop()));
    await client.close();
    await consul.remove();
  });

  function queries(): number {
    return pools
      .flatMap(({ watcher }) => Object.values(watcher.status().queries))
      .reduce((sum, count) => sum + count, 0);
  }

  const lists = () => new Set(pools.map(({ list }) => list.join()));

  test("all catch up after its restart, and their queries stay under the documented rate", async (t) => {
    await eventually(
      () => pools.every(({ list }) => list.length === 1),
      () => [...lists()],
      CATCH_UP_MS,
    );
    const perSecond: number[] = [];
    let last = queries();
    const counter = setInterval(() => {
      const now = queries();
      perSecond.push(now - last);
      last = now;
    }, 1_000);
    await consul.kill();
    await pause(4_000);
    await consul.restart();
    const backAt = performance.now();
    await consul.http.register({ name: "web", id: "web-1", address: "192.0.2.1", port: 4001 });
    await consul.http.register({ name: "web", id: "web-2", address: "192.0.2.1", port: 4002 });
    await eventually(
      () => pools.every(({ list }) => list.length === 2),
      () => [...lists()],
      CATCH_UP_MS,
    );
    const caughtUpMs = Math.round(performance.now() - backAt);
    clearInterval(counter);
    t.diagnostic(
      `queries per second: ${perSecond.join(", ")}; all caught up ${caughtUpMs} ms after the restart`,
    );
    assert.ok(pools.every(({ wasEmptied }) => !wasEmptied));
    assert.ok(Math.max(...perSecond) <= FIRST_SECOND_BOUND, `peak ${Math.max(...perSecond)}`);
    assert.ok(Math.max(...perSecond.slice(2, 4)) <= LATER_BOUND, `later ${perSecond.slice(2, 4).join()}`);
  });
});

test("twenty idle pools on one agent cost at most one query per wait period each", async (t) => {
  await using consul = await ConsulContainer.start();
  for (let pool = 0; pool < 20; pool += 1) {
    await consul.http.register({ name: `web-${pool}`, address: "192.0.2.1", port: 4001 });
  }
  await using client = new ConsulClient({ address: `http://127.0.0.1:${consul.httpPort}` });
  const waitMs = 2_000;
  const pools = Array.from(
    { length: 20 },
    (_, pool) => new WatchedPool(client, { service: `web-${pool}`, waitMs }),
  );
  const count = () => pools.map(({ watcher }) => watcher.status().queries["ok"] ?? 0);
  try {
    await eventually(() => count().every((queries) => queries >= 1), count);
    const before = count();
    const startedAt = performance.now();
    await eventually(() => count().every((queries, pool) => queries >= (before[pool] ?? 0) + 2), count);
    const periods = Math.ceil((performance.now() - startedAt) / waitMs);
    const spent = count().map((queries, pool) => queries - (before[pool] ?? 0));
    t.diagnostic(`queries in ${periods} periods: ${spent.join(" ")}`);
    assert.ok(spent.every((queries) => queries <= periods));
  } finally {
    await Promise.all(pools.map((pool) => pool.stop()));
  }
});

test("memory stays flat over 10,000 index bumps", async (t) => {
  await using consul = await new FakeConsul().listen();
  await using pool = new WatchedPool({ address: consul.address }, { service: "none", minIntervalMs: 0 });
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const used = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const answered = () => pool.watcher.status().queries["ok"] ?? 0;
  async function bump(times: number): Promise<void> {
    for (let round = 0; round < times; round += 1) {
      const { index } = pool.watcher.status();
      consul.bump();
      while (pool.watcher.status().index === index) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      consul.requests.length = 0;
    }
  }
  // The engine's own tables fill up first.
  await bump(5_000);
  const [before, answersBefore] = [used(), answered()];
  await bump(10_000);
  const grownKb = Math.round((used() - before) / 1024);
  t.diagnostic(`${answered() - answersBefore} answers; the heap grew by ${grownKb} KB`);
  assert.ok(answered() - answersBefore >= 10_000);
  assert.ok(grownKb < 1_024, `${grownKb} KB`);
});
