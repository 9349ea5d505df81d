import assert from "node:assert/strict";
import { test } from "node:test";
import {
  canonicalClaims,
  claimsAfterBackups,
  claimsAfterConfiguration,
  claimsAfterHeartbeat,
  remembered,
  tierOfClaims,
} from "../../src/core/claims.ts";
import type { Claims, Source, Tier } from "../../src/core/snapshot.ts";

test("equal claims are one frozen object, different ones are not", () => {
  const given: Claims = { consul: "backup", heartbeat: "primary" };
  const claims = canonicalClaims(given);
  assert.equal(canonicalClaims({ heartbeat: "primary", consul: "backup" }), claims);
  assert.deepEqual(claims, given);
  assert.ok(Object.isFrozen(claims) && !Object.isFrozen(given));
  assert.notEqual(canonicalClaims({ consul: "primary", heartbeat: "primary" }), claims);
  assert.notEqual(canonicalClaims({ consul: "backup" }), claims);
});

test("primary in one source is primary", () => {
  assert.equal(tierOfClaims({ consul: "backup", api: "primary" }), "primary");
  assert.equal(tierOfClaims({ consul: "backup", heartbeat: "backup" }), "backup");
});

type Row = [before: Claims, tier: Tier | undefined, after: Claims | undefined];

test("a heartbeat replaces every claim but Consul's, and what it does not name leaves unless it is a backup of Consul", () => {
  const rows: Row[] = [
    [{}, "primary", { heartbeat: "primary" }],
    [{ api: "primary", static: "primary" }, "primary", { heartbeat: "primary" }],
    [{ heartbeat: "primary" }, "backup", { heartbeat: "backup" }],
    [{ consul: "backup" }, "primary", { consul: "backup", heartbeat: "primary" }],
    [{ consul: "primary" }, "backup", { consul: "backup", heartbeat: "backup" }],
    [{ heartbeat: "primary" }, undefined, undefined],
    [{ heartbeat: "primary", consul: "backup" }, undefined, undefined],
    [{ static: "primary", consul: "backup" }, undefined, undefined],
    [{ api: "primary" }, undefined, undefined],
    [{ heartbeat: "backup" }, undefined, undefined],
    [{ "state-file": "primary" }, undefined, undefined],
    [{ consul: "backup" }, undefined, { consul: "backup" }],
    [{ heartbeat: "backup", consul: "backup" }, undefined, { consul: "backup" }],
    [{ consul: "primary" }, undefined, { consul: "backup" }],
  ];
  for (const [before, tier, after] of rows) {
    assert.deepEqual(claimsAfterHeartbeat(true)(before, tier), after, JSON.stringify([before, tier]));
  }
});

test("while no leader is known, Consul's primaries stay primaries", () => {
  const decide = claimsAfterHeartbeat(false);
  assert.deepEqual(decide({ consul: "primary" }, undefined), { consul: "primary" });
  assert.deepEqual(decide({ consul: "primary" }, "primary"), { consul: "primary", heartbeat: "primary" });
});

test("a list of backups replaces its own source's claims; a result of Consul's ends the state file's", () => {
  const rows: Row[] = [
    [{}, "backup", { consul: "backup" }],
    [{ consul: "primary" }, "backup", { consul: "backup" }],
    [{ consul: "backup" }, undefined, undefined],
    [{ consul: "backup", api: "primary" }, undefined, { api: "primary" }],
    [{ "state-file": "backup" }, undefined, undefined],
    [{ "state-file": "backup" }, "backup", { consul: "backup" }],
  ];
  for (const [before, tier, after] of rows) {
    assert.deepEqual(
      claimsAfterBackups("consul", false)(before, tier),
      after,
      JSON.stringify([before, tier]),
    );
  }
  const kept = { "state-file": "backup" } as const;
  assert.deepEqual(claimsAfterBackups("consul", true)(kept, undefined), kept);
  assert.deepEqual(claimsAfterBackups("state-file", false)({ consul: "backup" }, undefined), {
    consul: "backup",
  });
});

test("remembered answers are the same ones, each worked out once", () => {
  let worked = 0;
  const decide = remembered((claims, tier) => {
    worked++;
    return tier === undefined ? undefined : canonicalClaims({ ...claims, heartbeat: tier });
  });
  const claims = canonicalClaims({ consul: "backup" });
  for (let round = 0; round < 3; round++) {
    assert.equal(decide(claims, undefined), undefined);
    assert.deepEqual(decide(claims, "backup"), { consul: "backup", heartbeat: "backup" });
    assert.deepEqual(decide(claims, "primary"), { consul: "backup", heartbeat: "primary" });
  }
  assert.equal(worked, 3);
});

test("a change of the configuration ends what nobody asks for any more; a configured server outlives heartbeats", () => {
  const key = "10.0.0.1:1";
  const change = {
    kind: "configuration-changed" as const,
    ended: new Set<Source>(),
    dropped: new Set<string>(),
    configured: new Set<string>(),
  };
  const noConsul = { ...change, ended: new Set<Source>(["consul"]) };
  const noHeartbeat = { ...change, ended: new Set<Source>(["heartbeat"]) };
  const rows: [before: Claims, change: typeof noConsul, after: Claims | undefined][] = [
    [{ static: "primary", consul: "backup" }, change, { static: "primary", consul: "backup" }],
    [{ static: "primary" }, { ...change, dropped: new Set([key]) }, undefined],
    [{ static: "primary" }, { ...change, dropped: new Set(["10.0.0.2:1"]) }, { static: "primary" }],
    [{ api: "primary", static: "primary" }, { ...change, dropped: new Set([key]) }, { api: "primary" }],
    [{ heartbeat: "primary", consul: "backup" }, noConsul, { heartbeat: "primary" }],
    [{ consul: "primary" }, noConsul, undefined],
    [{ heartbeat: "primary" }, noHeartbeat, undefined],
    [{ heartbeat: "backup" }, { ...noHeartbeat, configured: new Set([key]) }, { static: "primary" }],
    [{ consul: "backup" }, { ...noHeartbeat, configured: new Set([key]) }, { consul: "backup" }],
  ];
  for (const [before, each, after] of rows) {
    assert.deepEqual(claimsAfterConfiguration(before, key, each), after, JSON.stringify(before));
  }
});
