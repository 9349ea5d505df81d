import assert from "node:assert/strict";
import { test } from "node:test";
import { settingsOf } from "../../src/config/layer.ts";
import { settingsHash } from "../../src/config/settings-hash.ts";

const hashOf = (...values: object[]) =>
  settingsHash(settingsOf(values.map((value, i) => ({ origin: `file ${i}`, values: value }))));

test("is the same for the same settings, in whatever order and however often they are written", () => {
  const pools = { web: { ping: "tcp" }, db: { servers: ["10.0.0.1:1", "10.0.0.2:1"] } };
  const reordered = { db: pools.db, web: {} };
  assert.equal(hashOf({ region: "r", pools }), hashOf({ pools: reordered }, { region: "r" }));
  assert.match(hashOf(), /^[\da-f]{16}$/);
});

test("differs where a setting does, and where the order of servers does", () => {
  const hashes = [
    hashOf(),
    hashOf({ dns: { ttl: "1s" } }),
    hashOf({ dns: { ttl: "2s" } }),
    hashOf({ pools: { db: { servers: ["10.0.0.1:1", "10.0.0.2:1"] } } }),
    hashOf({ pools: { db: { servers: ["10.0.0.2:1", "10.0.0.1:1"] } } }),
    hashOf({ consul: { token: "a" } }),
    hashOf({ consul: { token_file: "a" } }),
  ];
  assert.equal(new Set(hashes).size, hashes.length);
});

test("does not depend on which secret there is", () => {
  assert.equal(hashOf({ consul: { token: "a" } }), hashOf({ consul: { token: "b" } }));
});
