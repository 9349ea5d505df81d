import assert from "node:assert/strict";
import { test } from "node:test";
import {
  dialIntervalMs,
  headIntervalMs,
  outageDelayMs,
  reconnectDelayMs,
  SEARCH_SPACING_MS,
  searchIntervalMs,
  standbyDelayMs,
  standbyIntervalMs,
} from "../../../src/core/time/fleet-pace.ts";

test("whatever is said of a fleet: the head is pinged every 5 min, the next server every 10, dials are spread over 15", () => {
  const earliest = () => 0;
  const latest = () => 1;
  for (const numNodes of [
    750_000,
    10_000_000,
    500_000_000,
    Number.MAX_SAFE_INTEGER,
    Number.POSITIVE_INFINITY,
  ]) {
    const fleet = { numServers: 5, numNodes };
    const headMs = headIntervalMs(500, fleet);
    assert.equal(headMs, 300_000);
    assert.equal(standbyIntervalMs(headMs), 600_000);
    assert.deepEqual(
      [earliest, latest].map((chance) => outageDelayMs(headMs, chance)),
      [150_000, 300_000],
    );
    assert.equal(reconnectDelayMs(500, fleet, latest), 900_000);
    assert.equal(standbyDelayMs(fleet, latest), 900_000);
  }
  for (const numNodes of [Number.NaN, -1, Number.NEGATIVE_INFINITY]) {
    assert.equal(headIntervalMs(500, { numServers: 5, numNodes }), 500);
  }
});

test("a longer interval that was configured is kept", () => {
  const headMs = headIntervalMs(1_000_000, { numServers: 5, numNodes: 10_000_000 });
  assert.equal(headMs, 1_000_000);
  assert.equal(standbyIntervalMs(headMs), 1_000_000);
});

test("however often the head is pinged, who does not answer is dialled as before, and the next server is left alone", () => {
  const small = { numServers: 3, numNodes: 3 };
  const headMs = headIntervalMs(125, small);
  assert.equal(headMs, 125);
  assert.equal(dialIntervalMs(headMs), 500);
  assert.equal(standbyIntervalMs(headMs), 5_000);
  assert.equal(
    outageDelayMs(headMs, () => 0),
    250,
  );
  assert.equal(
    reconnectDelayMs(125, small, () => 0),
    500,
  );
  assert.equal(searchIntervalMs(headMs, 3), 500);
  assert.equal(Math.ceil(headIntervalMs(125, { numServers: 3, numNodes: 200 })), 134);
});

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

test("a list that was searched is searched again at 64 servers a second, however long it is", () => {
  assert.equal(1_000 / SEARCH_SPACING_MS, 64);
  assert.equal(searchIntervalMs(500, 3), 500);
  assert.equal(searchIntervalMs(500, 32), 500);
  assert.equal(searchIntervalMs(500, 4_000), 62_500);
  assert.equal(searchIntervalMs(70_000, 4_000), 70_000);
});
