/** Many servers that fail together: how long a dead one is named, how many of them, and what the search costs. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import type { HealthConfig } from "../../../src/sources/health/health-monitor.ts";
import { settled } from "../../support/fake-ports.ts";
import type { Behaviour } from "../../support/fake-servers.ts";
import { end } from "../../support/lives.ts";
import { bench, growTo, linesOf } from "./health-bench.ts";

/** Interval, timeout, half a timeout of the next server, and the waves of 200 servers. */
const WITHIN_MS = 1_500;

function keysUpTo(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `127.0.0.1:${i + 1}`);
}

/**
 * A list of which all but `live` behave so from a moment on: from just after a ping of the head, the worst one, by
 * default.
 */
async function failing(
  count: number,
  live: readonly number[],
  behaviourOf: (position: number) => Behaviour,
  { fromMs = 10_000, ...config }: Partial<HealthConfig> & { readonly fromMs?: number } = {},
) {
  const keys = keysUpTo(count);
  const alive = new Set(live.map((position) => keys[position]));
  const on = await bench(keys, config);
  await on.ports.clock.advance(fromMs);
  for (const [position, key] of keys.entries()) {
    if (!alive.has(key)) {
      const behaviour = behaviourOf(position);
      on.servers.set(key, behaviour);
      if (behaviour === "refusing") {
        on.servers.dropConnections(key);
      }
    }
  }
  const before = { revision: on.proxy.snapshot().revision, dials: on.servers.dialled.length };
  const named = () =>
    on.proxy
      .history()
      .filter(({ revision }) => revision > before.revision)
      .map(({ head }) => head ?? "");
  const dials = () => on.servers.dialled.slice(before.dials);
  return { ...on, keys, alive, named, dials };
}

suite("the first servers of a list are silent", () => {
  const rows: [string, number, number[], (position: number) => Behaviour][] = [
    ["20 of 24 stopped", 24, [20, 21, 22, 23], () => "hanging"],
    ["20 of 24 behind a firewall", 24, [20, 21, 22, 23], () => "blackholed"],
    ["all but the last", 24, [23], () => "hanging"],
    ["99 of 100", 100, [99], () => "hanging"],
    [
      "the head silent, the rest refusing",
      100,
      [99],
      (position) => (position === 0 ? "hanging" : "refusing"),
    ],
    ["180 of 200", 200, [...keysUpTo(20).keys()].map((i) => 180 + i), () => "hanging"],
    ["199 of 200, some refusing", 200, [199], (position) => (position % 3 === 1 ? "refusing" : "blackholed")],
    ["every other one refusing", 24, [23], (position) => (position % 2 === 0 ? "hanging" : "refusing")],
    ["the next one refusing", 24, [23], (position) => (position === 1 ? "refusing" : "hanging")],
    ["the head refusing", 24, [23], (position) => (position === 0 ? "refusing" : "hanging")],
  ];
  for (const [what, count, live, behaviourOf] of rows) {
    test(`${what}: one that lives is head within 1.5 s, and one dead server is named on the way`, async () => {
      const { ports, alive, head, monitor, named } = await failing(count, live, behaviourOf);
      await ports.clock.advance(WITHIN_MS);
      assert.ok(alive.has(head() ?? ""), head());
      assert.ok(named().filter((key) => !alive.has(key)).length <= 1, named().join(" "));
      await ports.clock.advance(60_000);
      assert.ok(alive.has(head() ?? ""), head());
      assert.equal(monitor.status().phase, "up");
      await end(monitor);
      await settled();
      assert.equal(ports.clock.pending, 0);
    });
  }

  test("so when the agent starts: one that lives is head within 1 s", async () => {
    const keys = keysUpTo(24);
    const { ports, head, monitor } = await bench(keys, {}, (servers) => {
      for (const key of keys.slice(0, 20)) {
        servers.set(key, "blackholed");
      }
    });
    await ports.clock.advance(1_000);
    assert.ok(keys.slice(20).includes(head() ?? ""), head());
    await end(monitor);
  });

  test("without a connection to the next server it takes half a second more", async () => {
    const { ports, alive, head, monitor } = await failing(24, [23], () => "hanging", { standby: false });
    await ports.clock.advance(2_000);
    assert.ok(alive.has(head() ?? ""), head());
    await end(monitor);
  });

  test("whatever fails in whatever way, one that lives is head within 1.5 s", async () => {
    const behaviours = ["up", "hanging", "blackholed", "refusing"] as const;
    const list = fc.array(fc.constantFrom<Behaviour>(...behaviours), { minLength: 2, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(list, fc.nat(), fc.nat(10_000), async (drawn, lucky, fromMs) => {
        const live = [...drawn.keys()].filter(
          (position) => drawn[position] === "up" || position === lucky % drawn.length,
        );
        const on = await failing(drawn.length, live, (position) => drawn[position] ?? "up", { fromMs });
        await on.ports.clock.advance(WITHIN_MS);
        assert.ok(on.alive.has(on.head() ?? ""), on.head());
        assert.ok(on.named().filter((key) => !on.alive.has(key)).length <= 2, on.named().join(" "));
        assert.deepEqual(on.proxy.serverRpcAddrs().toSorted(), on.keys.toSorted());
        await end(on.monitor);
        await settled();
        assert.equal(on.ports.clock.pending, 0);
      }),
      { numRuns: 300 },
    );
  });

  test("one that answers just after the timeout does not become head", async () => {
    const { ports, servers, keys, head, monitor } = await failing(24, [5, 23], () => "hanging");
    servers.setLatency(keys[5] ?? "", 501);
    await ports.clock.advance(60_000);
    assert.equal(head(), keys[23]);
    await end(monitor);
  });

  test("when all but late ones are gone the order stays", async () => {
    const { ports, servers, keys, head, monitor, proxy } = await failing(3, [0], () => "refusing");
    servers.setLatency(keys[0] ?? "", 501);
    await ports.clock.advance(2_000);
    const { revision } = proxy.snapshot();
    await ports.clock.advance(60_000);
    assert.equal(monitor.status().phase, "down");
    assert.equal(proxy.snapshot().revision, revision);
    servers.setLatency(keys[0] ?? "", 100);
    await ports.clock.advance(700);
    assert.equal(head(), keys[0]);
    await end(monitor);
  });
});

suite("what a search names", () => {
  test("the order: the one that answers, those that were not asked, and at the end those that are down", async () => {
    const { ports, keys, monitor, proxy } = await failing(6, [4, 5], () => "refusing");
    await settled();
    const [a, b, c, d, e, f] = keys;
    assert.deepEqual(proxy.serverRpcAddrs(), [e, f, a, b, c, d]);
    assert.deepEqual(linesOf(ports, "warn"), [
      "server failed: next one is head",
      "servers failed: the first that answers is head",
    ]);
    await end(monitor);
  });

  test("the cause: which head failed, why, and how many more", async () => {
    const { ports, keys, monitor, proxy } = await failing(24, [23], () => "hanging");
    await ports.clock.advance(WITHIN_MS);
    const { cause } = proxy.snapshot();
    assert.equal(cause.occurrence, "server-failed");
    assert.equal(cause.source, "health");
    assert.equal(cause.server, keys[1]);
    assert.match(cause.reason ?? "", /^no answer within 500 ms; \d+ more are down$/);
    await end(monitor);
  });

  test("a primary, though a backup answers sooner", async () => {
    const { ports, servers, head, monitor, proxy } = await bench(keysUpTo(4));
    await proxy.setBackupServers(["127.0.0.1:5", "127.0.0.1:6"]);
    await proxy.rebalanceServers();
    await ports.clock.advance(10_000);
    const [first, second, third, last] = proxy.serverRpcAddrs();
    for (const key of [first, second, third]) {
      servers.set(key ?? "", "hanging");
    }
    servers.setLatency(last ?? "", 40);
    await ports.clock.advance(WITHIN_MS);
    assert.equal(head(), last);
    await end(monitor);
  });

  test("a backup, when no primary answers", async () => {
    const { ports, servers, head, monitor, proxy } = await bench(keysUpTo(100));
    await proxy.setBackupServers(["127.0.0.1:101"]);
    await ports.clock.advance(10_000);
    for (const key of keysUpTo(100)) {
      servers.set(key, "hanging");
    }
    await ports.clock.advance(WITHIN_MS);
    assert.equal(head(), "127.0.0.1:101");
    await end(monitor);
  });

  test("one that failed lately only when no other answers", async () => {
    const { ports, servers, head, monitor, proxy } = await bench(keysUpTo(6));
    const [flapping = "", ...others] = keysUpTo(6);
    servers.kill(flapping);
    await settled();
    servers.set(flapping, "up");
    await ports.clock.advance(1_000);
    const [, , , fifth = "", sixth = ""] = others;
    for (const key of others.slice(0, 3)) {
      servers.set(key, "hanging");
    }
    servers.setLatency(fifth, 40);
    servers.setLatency(sixth, 40);
    await ports.clock.advance(WITHIN_MS);
    assert.ok([fifth, sixth].includes(head() ?? ""), `${head()} of ${proxy.serverRpcAddrs().join(" ")}`);
    await end(monitor);
  });

  test("a server that comes while the others are asked", async () => {
    const { ports, head, monitor, proxy } = await failing(24, [], () => "hanging");
    await ports.clock.advance(1_300);
    assert.equal(monitor.status().phase, "checking");
    await proxy.addPrimaryServer("127.0.0.1:100");
    await ports.clock.advance(1);
    assert.equal(head(), "127.0.0.1:100");
    await end(monitor);
  });
});

suite("what a search costs the servers", () => {
  test("of 100,000 agents on 5 servers each asks one more server, when the two it uses are silent", async () => {
    const { ports, servers, head, monitor, proxy } = await bench(keysUpTo(5));
    await growTo(100_000, proxy);
    await ports.clock.advance(400_000);
    servers.set(keys(0), "hanging");
    servers.set(keys(1), "hanging");
    const before = servers.dialled.length;
    await ports.clock.advance(41_250);
    assert.equal(head(), keys(2));
    // The ping of the search, and the connection that is held from then on.
    assert.deepEqual(servers.dialled.slice(before), [keys(2), keys(2)]);
    await end(monitor);

    function keys(position: number): string {
      return keysUpTo(5)[position] ?? "";
    }
  });

  test("each server is asked once at most, however many are silent", async () => {
    const { ports, dials, keys, monitor } = await failing(200, [199], () => "hanging");
    await ports.clock.advance(WITHIN_MS);
    for (const key of keys.slice(3, 199)) {
      assert.ok(dials().filter((dialled) => dialled === key).length <= 1, key);
    }
    await end(monitor);
  });

  test("where most live, few more are asked than the first that does", async () => {
    const { ports, dials, monitor } = await failing(
      200,
      keysUpTo(197).map((_, i) => i + 3),
      () => "refusing",
    );
    await ports.clock.advance(WITHIN_MS);
    assert.ok(new Set(dials()).size <= 6, dials().join(" "));
    await end(monitor);
  });
});
