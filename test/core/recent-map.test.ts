import assert from "node:assert/strict";
import { test } from "node:test";
import { RecentMap } from "../../src/core/recent-map.ts";

test("beyond its bound the entry that was set longest ago is forgotten", () => {
  const map = new RecentMap<number>(3);
  for (const [value, key] of ["a", "b", "c", "a", "d"].entries()) {
    map.set(key, value);
  }
  assert.deepEqual(
    ["a", "b", "c", "d"].map((key) => map.get(key)),
    [3, undefined, 2, 4],
  );
  assert.equal(map.size, 3);
  for (let key = 0; key < 100_000; key++) {
    map.set(String(key), key);
  }
  assert.equal(map.size, 3);
  map.delete("99999");
  assert.deepEqual([map.size, map.has("99999"), map.has("99998")], [2, false, true]);
});

test("old entries are forgotten from the oldest on, up to the first that is not old", () => {
  const map = new RecentMap<number>(10);
  for (const value of [1, 2, 9, 3]) {
    map.set(`k${value}`, value);
  }
  map.forgetWhile((value) => value < 5);
  assert.deepEqual(
    ["k1", "k2", "k9", "k3"].map((key) => map.has(key)),
    [false, false, true, true],
  );
});
