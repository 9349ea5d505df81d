import assert from "node:assert/strict";
import { test } from "node:test";
import {
  headIntervalMs,
  outageDelayMs,
  reconnectDelayMs,
  standbyIntervalMs,
} from "../../src/sources/health-pace.ts";

const rows: [number, number][] = [
  [0, 500],
  [1_000, 500],
  [10_000, 4_000],
  [100_000, 40_000],
];
for (const [numNodes, ms] of rows) {
  test(`5 servers, ${numNodes} nodes: the head is pinged every ${ms} ms, the next server a tenth as often`, () => {
    const headMs = headIntervalMs(500, { numServers: 5, numNodes });
    assert.equal(headMs, ms);
    assert.equal(standbyIntervalMs(headMs), 10 * ms);
  });
}

test("100,000 agents come back to 5 servers over 312 s, a few over a second, none at once", () => {
  const large = { numServers: 5, numNodes: 100_000 };
  assert.equal(
    reconnectDelayMs(500, large, () => 0.5),
    156_250,
  );
  assert.equal(
    reconnectDelayMs(500, large, () => 0),
    500,
  );
  assert.equal(
    reconnectDelayMs(500, { numServers: 3, numNodes: 3 }, () => 0.9),
    900,
  );
});

test("while no server answers each is tried after half an interval to a whole one", () => {
  assert.equal(
    outageDelayMs(500, () => 0),
    250,
  );
  assert.equal(
    outageDelayMs(500, () => 0.5),
    375,
  );
});
