import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { FigureWatch } from "../../src/agent/figure-watch.ts";
import type { WatchedAddress } from "../../src/core/pool-view.ts";
import { FakeClock } from "../support/fake-ports.ts";
import { begin, end } from "../support/lives.ts";

const BEGUN = 1_000_000;
const A = "10.0.0.1:4647";

/** A clock on which the machine stalls, or sleeps: a sleep is seen on the wall clock alone. */
class MachineClock extends FakeClock {
  #stalledMs = 0;

  override now(): number {
    return super.now() + this.#stalledMs;
  }

  override wallTime(): number {
    return super.wallTime() + this.#stalledMs;
  }

  stall(ms: number): void {
    this.#stalledMs += ms;
  }

  sleep(ms: number): void {
    this.setWallClock(ms);
  }
}

function watching(t: TestContext) {
  const clock = new MachineClock(BEGUN);
  const world = { queries: 0, watched: [] as WatchedAddress[] };
  const pools = new Map([["web", { watchedAddresses: () => world.watched }]]);
  const watch = new FigureWatch({ clock, pools: () => pools, dnsQueries: () => world.queries });
  begin(watch);
  t.after(async () => {
    await end(watch);
    assert.equal(clock.pending, 0);
  });
  /** An answer in each of this many steps. */
  const answer = async (steps: number, tookMs: number, server = A) => {
    for (let step = 0; step < steps; step++) {
      world.watched = [{ address: server, server, lastAnswer: { at: clock.now() + 1, tookMs } }];
      await clock.advance(5_000);
    }
  };
  const shown = () => {
    const { dnsQueries, fromAt, pools: figures, stepMs } = watch.figuresOf(["web"]);
    const addresses = figures.get("web") ?? assert.fail("no such pool");
    return {
      fromAt,
      stepMs,
      queries: dnsQueries,
      servers: [...addresses.keys()],
      rtt: (server = A) => addresses.get(server)?.rttMs ?? [],
    };
  };
  return { answer, clock, shown, watch, world };
}

/** Without those that are not known. */
const known = (values: readonly (number | undefined)[]) => values.filter((value) => value !== undefined);

suite("recent figures", () => {
  test("are 180 steps of five seconds that end now, with what each had", async (t) => {
    const { answer, clock, shown, world } = watching(t);
    assert.deepEqual(known(shown().queries), []);
    world.queries = 50;
    await answer(1, 1.5);
    world.queries = 55;
    await answer(1, 2);
    world.watched = [{ address: A, server: A, lastAnswer: { at: clock.now() - 1, tookMs: 2 } }];
    await clock.advance(5_000);
    const { fromAt, queries, rtt, stepMs } = shown();
    assert.deepEqual([queries.length, rtt().length], [180, 180]);
    assert.deepEqual(queries.slice(-4), [undefined, 10, 1, 0]);
    assert.deepEqual(rtt().slice(-4), [undefined, 1.5, 2, undefined], "an answer counts in its step alone");
    assert.equal(fromAt + 180 * stepMs, clock.wallTime());
  });

  test("forget what is older than fifteen minutes, and an address that nobody watched meanwhile", async (t) => {
    const { answer, clock, shown, world } = watching(t);
    await answer(2, 1, "10.0.0.2:4647");
    await answer(3, 2);
    world.watched = [];
    assert.deepEqual(shown().servers, ["10.0.0.2:4647", A]);
    await clock.advance(176 * 5_000);
    assert.deepEqual(shown().servers, ["10.0.0.2:4647", A]);
    assert.deepEqual(known(shown().rtt()), [2, 2, 2]);
    await clock.advance(5_000);
    assert.deepEqual([shown().servers, known(shown().rtt())], [[A], [2, 2, 2]]);
    await clock.advance(15 * 60_000);
    assert.deepEqual(shown().servers, []);
  });

  test("keep 16 addresses of a pool, the last that were watched", async (t) => {
    const { answer, shown } = watching(t);
    for (let host = 1; host <= 40; host++) {
      await answer(1, host, `10.0.0.${host}:4647`);
    }
    assert.deepEqual(
      shown().servers,
      Array.from({ length: 16 }, (_, index) => `10.0.0.${index + 25}:4647`),
    );
  });

  test("have nothing for the time in which the thread stalled, and rates over all of it", async (t) => {
    const { answer, clock, shown, world } = watching(t);
    await answer(2, 1);
    world.queries = 1_500;
    clock.stall(20_000);
    await answer(1, 2);
    const none = undefined;
    assert.deepEqual(shown().rtt().slice(-7), [1, 1, none, none, none, none, 2]);
    assert.deepEqual(shown().queries.slice(-6), [0, none, none, none, none, 60]);
    assert.equal(shown().fromAt + 900_000, clock.wallTime());
  });

  test("have nothing for the time in which the machine slept: what was before stays at its time", async (t) => {
    const { answer, clock, shown } = watching(t);
    await answer(2, 1);
    const before = shown().fromAt;
    clock.sleep(60_000);
    // Nobody has looked yet.
    assert.equal(shown().fromAt, before + 11 * 5_000);
    assert.deepEqual(known(shown().rtt().slice(-11)), []);
    await answer(1, 2);
    assert.deepEqual(known(shown().rtt().slice(0, 168)), [1, 1]);
    assert.deepEqual(known(shown().rtt().slice(-12)), [2]);
  });

  test("lose and repeat nothing when the clock is set back, and give times by the clock as it is then", async (t) => {
    const { answer, clock, shown } = watching(t);
    await answer(2, 1);
    clock.setWallClock(-3_600_000);
    await answer(2, 2);
    assert.deepEqual(shown().rtt().slice(-5), [undefined, 1, 1, 2, 2]);
    assert.equal(shown().fromAt + 900_000, clock.wallTime());
    clock.setWallClock(3_600_000);
    await answer(1, 3);
    assert.deepEqual(shown().rtt().slice(-6), [undefined, 1, 1, 2, 2, 3]);
  });

  test("of a pool that is gone are forgotten, and of one without any there is nothing", async (t) => {
    const { answer, shown, watch } = watching(t);
    await answer(1, 1);
    assert.equal(watch.figuresOf(["none"]).pools.get("none")?.size, 0);
    watch.keep(new Set(["web"]));
    assert.deepEqual(shown().servers, [A]);
    watch.keep(new Set());
    assert.deepEqual(shown().servers, []);
  });

  test("are the same however often and whenever they are read", async (t) => {
    const { answer, clock, shown } = watching(t);
    await answer(2, 1);
    const first = shown();
    await clock.advance(4_999);
    const again = shown();
    assert.deepEqual([again.fromAt, again.queries, again.rtt()], [first.fromAt, first.queries, first.rtt()]);
  });
});
