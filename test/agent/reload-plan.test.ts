import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { changedParts, PART_NAMES, placeOf, poolsPlan } from "../../src/agent/reload-plan.ts";
import { configOf } from "../../src/config/layer.ts";

function configs(pools: object) {
  return configOf([{ origin: "test", values: { pools } }]).pools;
}

type Values = Readonly<Record<string, unknown>>;

/** Of a pool, and of what all pools share. */
function config({ consul, datacenter, region, ...settings }: Values) {
  const shared = Object.entries({ consul, datacenter, region }).filter(([, value]) => value !== undefined);
  const { pools, ...agent } = configOf([
    { origin: "test", values: { ...Object.fromEntries(shared), pools: { web: settings } } },
  ]);
  return { ...placeOf(agent), ...(pools["web"] ?? assert.fail()) };
}

suite("the parts of a pool that are made anew", () => {
  const NAMED = { servers: ["10.0.0.1:1"], heartbeat: "nomad", ping: "nomad" };
  const TABLE: [what: string, before: Values, after: Values, parts: readonly string[]][] = [
    ["nothing", NAMED, NAMED, []],
    [
      "the times of health",
      NAMED,
      { ...NAMED, health: { interval: "3s", timeout: "2s", standby: false } },
      [],
    ],
    ["the rebalance", NAMED, { ...NAMED, rebalance: { min_reuse: "3s", jitter: "2s" } }, []],
    ["a server of a pool that asks nobody", {}, { servers: ["10.0.0.1:1"] }, ["heartbeat", "region"]],
    ["a server", NAMED, { ...NAMED, servers: ["10.0.0.2:1"] }, ["heartbeat", "region"]],
    ["the service in Consul", {}, { backups: { service: "other" } }, ["consul"]],
    ["no Consul", {}, { backups: null }, ["consul"]],
    ["who tells of primaries", { heartbeat: "push" }, { heartbeat: "none" }, ["heartbeat", "region"]],
    ["how servers are pinged", NAMED, { ...NAMED, ping: "tcp" }, ["health", "region"]],
    ["TLS", NAMED, { ...NAMED, tls: { ca_file: "ca.pem" } }, ["heartbeat", "health", "region"]],
    ["the token", NAMED, { ...NAMED, token_file: "token" }, ["heartbeat", "region"]],
    ["the datacenter", NAMED, { ...NAMED, datacenter: "dc2" }, ["heartbeat"]],
    ["the region", NAMED, { ...NAMED, region: "eu" }, ["heartbeat", "health", "region"]],
    ["how Consul is reached", NAMED, { ...NAMED, consul: { address: "http://127.0.0.2:8500" } }, ["consul"]],
    ["who gets the token", NAMED, { ...NAMED, send_token: "always" }, ["heartbeat", "region"]],
  ];
  for (const [what, before, after, parts] of TABLE) {
    test(`${what}: ${parts.join(", ") || "none"}`, () => {
      const changed = changedParts(config(before), config(after));
      assert.deepEqual([...changed], parts);
      assert.deepEqual([...changedParts(config(after), config(before))], parts);
    });
  }

  test("the content of a file of TLS counts as its name does", () => {
    const parts = changedParts(
      { ...config(NAMED), tls: { ca: "1" } },
      { ...config(NAMED), tls: { ca: "2" } },
    );
    assert.deepEqual([...parts], ["heartbeat", "health", "region"]);
  });

  test("a pool that becomes another one in every setting keeps no part", () => {
    const other = {
      servers: ["10.0.0.9:1"],
      heartbeat: "push",
      ping: "none",
      backups: null,
      health: { interval: "1s" },
      rebalance: { min_reuse: "1s" },
      tls: { ca_file: "ca.pem" },
    };
    assert.deepEqual([...changedParts(config({}), config(other))].toSorted(), [...PART_NAMES].toSorted());
  });
});

test("pools come, go and change; those with the same settings are left alone", () => {
  const before = configs({ same: {}, changed: {}, removed: {} });
  const after = configs({ added: {}, same: {}, changed: { ping: "none" } });
  assert.deepEqual(poolsPlan(before, after), {
    added: ["added"],
    removed: ["removed"],
    kept: ["same", "changed"],
  });
  assert.deepEqual(poolsPlan(after, after), { added: [], removed: [], kept: Object.keys(after) });
});
