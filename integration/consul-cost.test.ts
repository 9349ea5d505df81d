import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { until } from "../scripts/lab/until.ts";
import { ConsulClient } from "../src/net/consul/consul-client.ts";
import { type Sample, slopeOf } from "../test/support/slope.ts";
import { WatchedPool } from "../test/support/watched-pool.ts";
import { ConsulContainer } from "./support/consul-container.ts";

const WATCHERS = 500;

/** A shared, noisy machine: the herd is given half a minute where a quiet one needs 3 s. */
const CATCH_UP_MS = 30_000;

/**
 * While Consul is down, a watch with a cap of 2 s tries at random moments up to 0.25, 0.5, 1, 2, 2 … s apart: about
 * three times in the first second, once a second then.
 */
const FIRST_SECOND_BOUND = 5 * WATCHERS;
const LATER_BOUND = 2 * WATCHERS;

/** Queries per second, of one second after the other; one that a busy machine draws out counts by its real length. */
class QueryRates {
  readonly perSecond: number[] = [];
  readonly #stop = new AbortController();

  constructor(queries: () => number) {
    void this.#count(queries);
  }

  stop(): void {
    this.#stop.abort();
  }

  async #count(queries: () => number): Promise<void> {
    let last = { at: performance.now(), queries: queries() };
    for (;;) {
      await pause(1_000);
      if (this.#stop.signal.aborted) {
        return;
      }
      const now = { at: performance.now(), queries: queries() };
      this.perSecond.push(Math.round(((now.queries - last.queries) * 1_000) / (now.at - last.at)));
      last = now;
    }
  }
}

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
    await until(
      () => pools.every(({ list }) => list.length === 1),
      () => [...lists()],
      CATCH_UP_MS,
    );
    const rates = new QueryRates(queries);
    await consul.kill();
    await pause(4_000);
    const later = rates.perSecond.slice(2);
    await consul.restart();
    const backAt = performance.now();
    await consul.http.register({ name: "web", id: "web-1", address: "192.0.2.1", port: 4001 });
    await consul.http.register({ name: "web", id: "web-2", address: "192.0.2.1", port: 4002 });
    await until(
      () => pools.every(({ list }) => list.length === 2),
      () => [...lists()],
      CATCH_UP_MS,
    );
    const caughtUpMs = Math.round(performance.now() - backAt);
    rates.stop();
    const peak = Math.max(...rates.perSecond);
    t.diagnostic(
      `queries per second: ${rates.perSecond.join(", ")}; all caught up ${caughtUpMs} ms after the restart`,
    );
    assert.ok(pools.every(({ wasEmptied }) => !wasEmptied));
    assert.ok(peak <= FIRST_SECOND_BOUND, `peak ${peak}`);
    assert.ok(later.length > 0 && Math.max(...later) <= LATER_BOUND, `later ${later.join()}`);
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
    await until(() => count().every((queries) => queries >= 1), count);
    const before = count();
    const startedAt = performance.now();
    await until(() => count().every((queries, pool) => queries >= (before[pool] ?? 0) + 2), count);
    const periods = Math.ceil((performance.now() - startedAt) / waitMs);
    const spent = count().map((queries, pool) => queries - (before[pool] ?? 0));
    t.diagnostic(`queries in ${periods} periods: ${spent.join(" ")}`);
    assert.ok(spent.every((queries) => queries <= periods));
  } finally {
    await Promise.all(pools.map((pool) => pool.stop()));
  }
});

test("memory stays flat over 10,000 index bumps", async (t) => {
  const program = fileURLToPath(new URL("support/index-bumps.ts", import.meta.url));
  // Of eleven batches the first fills the engine's own tables.
  const args = ["--expose-gc", program, "11", "1000"];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const samples = (JSON.parse(stdout) as Sample[]).slice(1);
  const slope = slopeOf(samples);
  t.diagnostic(`the heap grows by ${slope.toFixed(1)} bytes per bump`);
  assert.ok((samples.at(-1)?.done ?? 0) >= 10_000);
  // A single object kept per bump takes some 100 bytes with its place in a list; 3 to 12 are seen.
  assert.ok(slope < 50, JSON.stringify(samples));
});
