import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../scripts/lab/seeded-random.ts";
import {
  DEFAULT_REBALANCE_POLICY,
  fleetPaceMs,
  rebalanceIntervalMs,
  shuffled,
  shuffledOrder,
} from "../../src/core/rebalance.ts";
import { addr, proxyWith } from "./proxy-fixtures.ts";

const BASE_S: readonly [numServers: number, numNodes: number, seconds: number][] = [
  [0, 0, 600],
  [0, 10_000, 600],
  [5, 0, 600],
  [5, -1, 600],
  [5, Number.NaN, 600],
  [1, 1, 600],
  [5, 10_000, 600],
  [5, 100_000, 600],
  [5, 192_000, 600],
  [5, 192_001, 600.003125],
  [5, 384_000, 1_200],
  [5, 1_000_000, 3_125],
  [1, 100_000, 1_562.5],
  [7, 1_000_000, 1_000_000 / (7 * 64)],
  [1, 1_382_400, 21_600],
  [1, 1_382_401, 21_600],
  [5, 10_000_000, 21_600],
  [5, 500_000_000, 21_600],
  [5, Number.MAX_SAFE_INTEGER, 21_600],
  [5, Number.POSITIVE_INFINITY, 21_600],
];

test("the interval is the greater of 600 s and numNodes / (numServers × 64/s), and half as much again at most", () => {
  for (const [numServers, numNodes, seconds] of BASE_S) {
    const fleet = { numServers, numNodes };
    const earliest = rebalanceIntervalMs(fleet, () => 0);
    const latest = rebalanceIntervalMs(fleet, () => 1);
    assert.equal(earliest, seconds * 1000, `${numServers} servers, ${numNodes} nodes`);
    assert.ok(Math.abs(latest - earliest * 1.5) < 1e-6, `${numServers} servers, ${numNodes} nodes: jitter`);
  }
});

test("10,000 agents on 5 servers make 13.3 new connections per second", () => {
  const random = seededRandom(1);
  let sumMs = 0;
  for (let agent = 0; agent < 10_000; agent++) {
    const intervalMs = rebalanceIntervalMs({ numServers: 5, numNodes: 10_000 }, random);
    assert.ok(intervalMs >= 600_000 && intervalMs < 900_000);
    sumMs += intervalMs;
  }
  const perSecond = 10_000 / (sumMs / 10_000 / 1000);
  assert.ok(Math.abs(perSecond - 13.33) < 0.1, `${perSecond}`);
});

test("the policy's numbers are the formula's, and jitter keeps its proportion", () => {
  const policy = { minReuseMs: 1_000, jitterMs: 200, connsPerSecondPerServer: 10 };
  const fleet = { numServers: 2, numNodes: 100 };
  assert.equal(
    rebalanceIntervalMs(fleet, () => 0.5, policy),
    5_500,
  );
  assert.equal(
    rebalanceIntervalMs(fleet, () => 0.5, { ...policy, minReuseMs: 0 }),
    7_500,
  );
  assert.deepEqual(DEFAULT_REBALANCE_POLICY, {
    minReuseMs: 600_000,
    jitterMs: 300_000,
    connsPerSecondPerServer: 64,
  });
});

/** Seconds, all of them: of the policy, the earliest interval, and the latest. */
const INTERVALS_S: readonly [
  minReuse: number,
  jitter: number,
  numNodes: number,
  earliest: number,
  latest: number,
][] = [
  // 5 servers and 64/s: 1,000,000 nodes are a pace of 3,125 s.
  [600, 300, 1_000_000, 3_125, 4_687.5],
  [600, 0, 1_000_000, 3_125, 3_125],
  [600, 0, 0, 600, 600],
  [600, 600, 1_000_000, 3_125, 6_250],
  [1, 300, 1_000_000, 3_125, 6_250],
  [1, 300, 32_000, 100, 400],
  [1, 300, 0, 1, 301],
  [100, 300, 64_000, 200, 500],
  [0, 300, 1_000_000, 3_125, 6_250],
  [0, 300, 0, 0, 300],
  [0, 0, 1_000_000, 3_125, 3_125],
  [0, 0, 0, 0, 0],
];

test("a jitter greater than the reuse adds at most the jitter or the base, and no jitter adds nothing", () => {
  for (const [minReuse, jitter, numNodes, earliest, latest] of INTERVALS_S) {
    const policy = { minReuseMs: minReuse * 1000, jitterMs: jitter * 1000, connsPerSecondPerServer: 64 };
    const at = (chance: number) => rebalanceIntervalMs({ numServers: 5, numNodes }, () => chance, policy);
    assert.deepEqual([at(0), at(1)], [earliest * 1000, latest * 1000], `${minReuse}, ${jitter}, ${numNodes}`);
  }
});

test("the pace of the fleet's pings is 0.5 s, 4 s and 40 s with 1,000, 10,000 and 100,000 nodes", () => {
  const paceMs = (numNodes: number) => Math.max(500, fleetPaceMs({ numServers: 5, numNodes }, 500));
  assert.deepEqual([1_000, 10_000, 100_000].map(paceMs), [500, 4_000, 40_000]);
  assert.equal(fleetPaceMs({ numServers: 0, numNodes: 5 }, 500), 0);
});

test("all n! orders are reachable and equally likely, for n up to 4", () => {
  // 99.99 % quantiles of chi-squared with n! − 1 degrees of freedom, doubled: a fair shuffle stays below, and one
  // that never makes some order is far above (with 1,000 expected each, a missing order alone adds 1,000).
  const bound: Record<number, number> = { 2: 30, 3: 51, 4: 115 };
  const random = seededRandom(4);
  for (const n of [1, 2, 3, 4]) {
    const orders = [1, 1, 2, 6, 24][n] as number;
    const seen = new Map<string, number>();
    const elements = Array.from({ length: n }, (_, index) => index);
    for (let run = 0; run < orders * 1_000; run++) {
      const order = shuffled(elements, random).join();
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    assert.equal(seen.size, orders);
    const chiSquared = [...seen.values()].reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0);
    assert.ok(chiSquared <= (bound[n] ?? 0), `n = ${n}: ${chiSquared}`);
  }
});

test("a shuffle keeps the elements and leaves its argument alone", () => {
  const elements = Object.freeze([1, 2, 3, 4, 5]);
  assert.deepEqual(shuffled(elements, seededRandom(2)).toSorted(), [1, 2, 3, 4, 5]);
  assert.deepEqual(shuffled([], seededRandom(2)), []);
});

test("a rebalance tries the primaries before the backups, each shuffled", async () => {
  const proxy = await proxyWith(3);
  await proxy.setBackupServers([addr(7), addr(8), addr(9)]);
  const random = seededRandom(3);
  const orders = new Set<string>();
  for (let run = 0; run < 1_000; run++) {
    const order = shuffledOrder(proxy.snapshot(), random);
    assert.deepEqual(order.slice(0, 3).toSorted(), [addr(1), addr(2), addr(3)]);
    assert.deepEqual(order.slice(3).toSorted(), [addr(7), addr(8), addr(9)]);
    orders.add(order.join());
  }
  assert.equal(orders.size, 36);
});
