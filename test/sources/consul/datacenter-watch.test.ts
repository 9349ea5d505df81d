import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type WatchEvent, watchDatacenter } from "../../../src/sources/consul/datacenter-watch.ts";
import { DEFAULT_CONSUL_WATCH } from "../../../src/sources/consul/watch-config.ts";
import { FakeCatalog } from "../../support/fake-catalog.ts";
import { FakeClock, settled } from "../../support/fake-ports.ts";

const A = "10.0.0.1:4647";
const CONFIG = { ...DEFAULT_CONSUL_WATCH, service: "nomad" };

function watching(waitMs: () => number = () => 60_000) {
  const catalog = new FakeCatalog();
  const clock = new FakeClock(1_000_000);
  const abort = new AbortController();
  const ports = { catalog, clock, random: () => 0.5 };
  const watch = watchDatacenter(ports, CONFIG, { name: "dc1", waitMs }, abort.signal);
  /** The next event, after `act` was done to the query that is open then. */
  const next = async (act: (open: ReturnType<FakeCatalog["waiting"]>) => void, afterMs = 0) => {
    const pulled = watch.next();
    await clock.advance(afterMs);
    act(catalog.waiting("dc1"));
    return (await pulled).value as WatchEvent;
  };
  return { catalog, clock, abort, watch, next };
}

suite("a watch of one datacenter yields", () => {
  test("each answer, parsed once, and the index of the next query", async () => {
    const { next, watch } = watching();
    const event = await next((open) => {
      open.answer(["10.0.0.1:4647", "10.0.0.2:0"], 10);
    });
    assert.deepEqual(event, {
      kind: "answered",
      index: 10,
      listing: {
        usable: [A],
        skipped: [{ id: "10.0.0.2:0", reason: "port 0: expected a port from 1 to 65535" }],
        datacenter: "dc1",
        filteredByAcl: false,
        withToken: false,
      },
    });
    await watch.return();
  });

  test("failures, counted since the last answer, each with the delay that follows", async () => {
    const { next, watch } = watching();
    const told: unknown[] = [];
    for (const step of ["fail", "fail", "answer", "fail"]) {
      const event = await next((open) => {
        if (step === "fail") {
          open.fail("unreachable");
        } else {
          open.answer([A], 10);
        }
      }, 2_000);
      told.push(event.kind === "failed" ? [event.attempt, event.delayMs] : event.kind);
    }
    assert.deepEqual(told, [[1, 125], [2, 250], "answered", [1, 125]]);
    await watch.return();
  });

  test("an early end, then the limit that follows from the second one", async () => {
    const { next, watch } = watching();
    const answer = () =>
      next((open) => {
        open.answer([A], 10);
      });
    const endEarly = () =>
      next((open) => {
        open.fail("http-5xx", { brokenOff: true });
      }, 6_000);
    const kinds = [await answer(), await endEarly(), await answer(), await endEarly()].map(
      ({ kind }) => kind,
    );
    assert.deepEqual(kinds, ["answered", "ended-early", "answered", "ended-early"]);
    assert.deepEqual((await watch.next()).value, { kind: "wait-limited", limitMs: 4_800 });
    await watch.return();
  });
});

suite("a watch of one datacenter", () => {
  test("asks nothing and waits for nothing while an event is handled, and reads the wait after that", async () => {
    let waitMs = 60_000;
    const { catalog, clock, next, watch } = watching(() => waitMs);
    await next((open) => {
      open.answer([A], 10);
    });
    await clock.advance(10_000);
    assert.deepEqual([catalog.open.length, clock.pending], [0, 0]);
    waitMs = 5_000;
    await next((open) => {
      assert.equal(open.query.waitMs, 5_000);
      open.fail("unreachable");
    });
    assert.deepEqual([catalog.open.length, clock.pending], [0, 0]);
    await watch.return();
  });

  for (const what of ["asks", "waits to ask again"]) {
    test(`returns when the signal aborts while it ${what}; no query and no timer is left`, async () => {
      const { catalog, clock, abort, next, watch } = watching();
      if (what !== "asks") {
        await next((open) => {
          open.fail("unreachable");
        });
      }
      const pulled = watch.next();
      await settled();
      assert.equal(catalog.open.length + clock.pending, 1);
      abort.abort();
      assert.deepEqual(await pulled, { done: true, value: undefined });
      assert.equal(catalog.open.length + clock.pending, 0);
    });
  }
});
