/** What is predicted for the head's failure is what comes: the law of explanations, over random histories. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { watchedOf } from "../../../src/agent/pool-view.ts";
import type { Facts } from "../../../src/core/explain/facts.ts";
import { rebalanceChances, whatIf } from "../../../src/core/explain/what-if.ts";
import { settled } from "../../support/fake-ports.ts";
import { DNS_ANSWER, unwatchedView } from "../../support/http-fixtures.ts";
import { end } from "../../support/lives.ts";
import { bench } from "./health-bench.ts";

const KEYS = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4", "127.0.0.1:5"] as const;

type Bench = Awaited<ReturnType<typeof bench>>;

const step = fc.oneof(
  fc.record({ do: fc.constant("kill" as const), key: fc.constantFrom(...KEYS) }),
  fc.record({ do: fc.constant("start" as const), key: fc.constantFrom(...KEYS) }),
  fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 40_000 }) }),
  fc.record({ do: fc.constant("rebalance" as const) }),
);

const history = fc.record({
  servers: fc.integer({ min: 1, max: 5 }),
  backups: fc.integer({ min: 0, max: 3 }),
  standby: fc.boolean(),
  steps: fc.array(step, { maxLength: 8 }),
});

async function lived({
  backups,
  servers,
  standby,
  steps,
}: typeof history extends fc.Arbitrary<infer T> ? T : never) {
  const on = await bench(KEYS.slice(0, servers), { standby });
  await on.proxy.setBackupServers(Array.from({ length: backups }, (_, i) => `127.0.0.2:${i + 1}`));
  for (const each of steps) {
    switch (each.do) {
      case "kill":
        on.servers.kill(each.key);
        break;
      case "start":
        on.servers.set(each.key, "up");
        break;
      case "wait":
        await on.ports.clock.advance(each.ms);
        break;
      case "rebalance":
        await on.proxy.rebalanceServers();
    }
  }
  await on.ports.clock.advance(2_000);
  return on;
}

function factsOf({ monitor, penalties, ports, proxy }: Bench): Facts {
  const status = monitor.status();
  const now = ports.clock.now();
  return {
    view: {
      ...unwatchedView("nomad", proxy),
      watched: watchedOf(status),
      down: status.down,
      penalised: penalties.list(),
      ifHeadFails: status.ifHeadFails,
      settings: { ping: "tcp", standby: true, timeoutMs: 500 },
    },
    now,
    wallNow: now,
    dns: () => DNS_ANSWER,
    index: 0,
    events: [],
  };
}

suite("what is predicted", () => {
  test("for the head's failure is the head after it", async () => {
    const seen = { next: 0, search: 0, none: 0 };
    await fc.assert(
      fc.asyncProperty(history, async (lives) => {
        const on = await lived(lives);
        const head = on.head() ?? assert.fail();
        const [watched] = on.monitor.status().servers;
        if (watched?.state.phase === "up") {
          const { kind } = on.monitor.status().ifHeadFails;
          const predicted = whatIf(factsOf(on), `fails:${head}`) ?? assert.fail();
          const heads: (string | undefined)[] = [];
          on.proxy.subscribe((next) => {
            if (next.head?.key !== heads.at(-1) && next.cause.occurrence === "server-failed") {
              heads.push(next.head?.key);
            }
          });
          on.servers.kill(head);
          await on.ports.clock.advance(3_000);
          seen[kind] += 1;
          if (kind === "next") {
            assert.equal(heads[0], predicted.head);
          } else if (heads[0] !== undefined) {
            assert.ok(
              predicted.candidates.some(({ address }) => address === heads[0]),
              `${kind}: ${heads[0]}`,
            );
          }
        }
        await end(on.monitor);
        await settled();
      }),
      { numRuns: 2_000 },
    );
    assert.ok(seen.next > 200 && seen.none > 20, JSON.stringify(seen));
  });

  test("for a rebalance has the server that it chooses", async () => {
    const seen = { chosen: 0, unlikely: 0 };
    await fc.assert(
      fc.asyncProperty(history, async (lives) => {
        const on = await lived(lives);
        const chances = rebalanceChances(factsOf(on));
        const likelyAnswer = [...chances].every(
          ([key, chance]) => chance === 0 || on.servers.behaviourOf(key) === "up",
        );
        if (await on.proxy.rebalanceServers()) {
          const chance = chances.get(on.head() ?? "");
          assert.notEqual(chance, undefined);
          seen.chosen += 1;
          seen.unlikely += chance === 0 ? 1 : 0;
          assert.ok(chance !== 0 || !likelyAnswer);
        }
        await end(on.monitor);
      }),
      { numRuns: 2_000 },
    );
    assert.ok(seen.chosen > 1_000, JSON.stringify(seen));
  });
});
