import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { EndpointError } from "../../../src/core/rpc-addr.ts";
import type { Tier } from "../../../src/core/snapshot.ts";
import { ConsulWatcher } from "../../../src/sources/consul/consul-watcher.ts";
import { type ConsulWatchConfig, DEFAULT_CONSUL_WATCH } from "../../../src/sources/consul/watch-config.ts";
import { FakeCatalog, failure } from "../../support/fake-catalog.ts";
import { FakeClock, FakeLogger, noteTo, settled } from "../../support/fake-ports.ts";
import { begin, end } from "../../support/lives.ts";

const A = "10.0.0.1:4647";
const B = "10.0.0.2:4647";
const REMOTE = "10.2.0.1:4647";

interface Report {
  readonly addresses: readonly string[];
  readonly tier: Tier | undefined;
}

class FakeSink {
  readonly reports: Report[] = [];
  setBackupServers(
    addresses: readonly string[],
    options?: { tier?: Tier },
  ): Promise<readonly EndpointError[]> {
    this.reports.push({ addresses, tier: options?.tier });
    return Promise.resolve([]);
  }

  get list(): readonly string[] | undefined {
    return this.reports.at(-1)?.addresses;
  }
}

function watching(change: Partial<ConsulWatchConfig> = {}, chance = 0.5) {
  const catalog = new FakeCatalog();
  const sink = new FakeSink();
  const clock = new FakeClock(1_000_000);
  const logger = new FakeLogger();
  const config = { ...DEFAULT_CONSUL_WATCH, service: "nomad", ...change };
  const watcher = new ConsulWatcher(
    { catalog, sink, clock, random: () => chance, logger, note: noteTo(logger) },
    config,
  );
  const logged = (level: string) =>
    logger.lines.filter((line) => line.level === level).map(({ message }) => message);
  return { catalog, sink, clock, logger, watcher, logged };
}

async function started(change: Partial<ConsulWatchConfig> = {}, list: readonly string[] = [A]) {
  const all = watching(change);
  begin(all.watcher);
  await settled();
  all.catalog.waiting().answer(list, 10);
  await settled();
  return all;
}

suite("a watch", () => {
  test("asks at once, then waits for the index to move", async () => {
    const { catalog, sink, watcher } = await started();
    assert.deepEqual(sink.reports, [{ addresses: [A], tier: "backup" }]);
    const [first, second] = catalog.asked;
    assert.equal(first?.index, 0);
    assert.equal(first.deadlineMs, 10_000);
    assert.equal(second?.index, 10);
    assert.equal(second.deadlineMs, 73_750);
    catalog.waiting().answer([A, B], 11);
    await settled();
    assert.deepEqual(sink.list, [A, B]);
    assert.equal(catalog.waiting().query.index, 11);
    await end(watcher);
  });

  test("tells the sink nothing when the index moved and the servers did not", async () => {
    const { catalog, sink, watcher } = await started();
    for (let index = 11; index < 30; index += 1) {
      catalog.waiting().answer([A], index);
      await settled();
    }
    assert.equal(sink.reports.length, 1);
    await end(watcher);
  });

  test("starts again at 0 when the index fell", async () => {
    const { catalog, clock, watcher } = await started();
    catalog.waiting().answer([A], 3);
    await clock.advance(500);
    assert.equal(catalog.waiting().query.index, 0);
    await end(watcher);
  });

  test("asks once per minimum interval when answers come at once with the same index", async () => {
    const { catalog, clock, watcher } = await started();
    const before = catalog.asked.length;
    for (let step = 0; step < 200; step += 1) {
      if (catalog.open.length > 0) {
        catalog.waiting().answer([A], 10);
      }
      await clock.advance(50);
    }
    const asked = catalog.asked.length - before;
    assert.ok(asked >= 15 && asked <= 20, `${asked} queries in 10 s at one per 500 ms`);
    await end(watcher);
  });

  test("is idempotent at both ends and leaves no timer and no query", async () => {
    const { catalog, clock, watcher } = watching();
    begin(watcher);
    begin(watcher);
    await settled();
    assert.equal(catalog.open.length, 1);
    catalog.waiting().fail("unreachable");
    await settled();
    assert.equal(clock.pending, 1);
    await Promise.all([end(watcher), end(watcher)]);
    assert.equal(clock.pending, 0);
    assert.equal(catalog.open.length, 0);
    assert.equal(watcher.status().state.kind, "stopped");
    begin(watcher);
    await settled();
    assert.equal(catalog.open.length, 1);
    await end(watcher);
    assert.equal(catalog.open.length, 0);
  });

  test("stopped while a query is open logs nothing of it", async () => {
    const { logger, watcher } = await started();
    await end(watcher);
    assert.deepEqual(logger.lines, []);
  });
});

suite("a failure", () => {
  test("keeps the list, is logged once, retried with a growing delay at index 0, and its end is logged", async () => {
    const { catalog, sink, clock, watcher, logged } = await started();
    for (const delay of [125, 250, 500, 1_000, 1_000]) {
      catalog.waiting().fail("unreachable");
      await clock.advance(delay - 1);
      assert.equal(catalog.open.length, 0, `nothing before ${delay} ms`);
      await clock.advance(1);
      assert.equal(catalog.waiting().query.index, 0);
    }
    assert.equal(logged("warn").length, 1);
    assert.equal(logged("debug").length, 4);
    const { state, lastError } = watcher.status();
    assert.equal(state.kind, "retrying");
    assert.equal(lastError?.code, "unreachable");
    catalog.waiting().answer([A], 12);
    await settled();
    assert.deepEqual(sink.reports.length, 1);
    assert.deepEqual(logged("info"), ["Consul answers again"]);
    assert.equal(watcher.status().state.kind, "watching");
    await end(watcher);
  });

  test("of another kind in the same outage is logged once as well", async () => {
    const { catalog, clock, watcher, logged } = await started();
    for (const code of ["unreachable", "http-403", "unreachable", "http-403"]) {
      catalog.waiting().fail(code);
      await clock.advance(2_000);
    }
    assert.equal(logged("warn").length, 2);
    await end(watcher);
  });

  test("that is a mistake of our own is retried too", async () => {
    const { catalog, clock, watcher } = watching();
    catalog.mistakes = 1;
    begin(watcher);
    await settled();
    assert.equal(watcher.status().lastError?.code, "unexpected");
    await clock.advance(2_000);
    assert.equal(catalog.open.length, 1);
    await end(watcher);
  });

  test("alternating with success stays under the long-run rate", async () => {
    const { catalog, clock, watcher } = await started();
    const before = catalog.asked.length;
    let fails = true;
    for (let step = 0; step < 6_000; step += 1) {
      const [open] = catalog.open;
      if (open !== undefined) {
        if (fails) {
          open.fail("http-5xx");
        } else {
          open.answer([A], 10);
        }
        fails = !fails;
      }
      await clock.advance(20);
    }
    const asked = catalog.asked.length - before;
    assert.ok(asked <= 100 + 2 * 120 + 2, `${asked} queries in 120 s`);
    await end(watcher);
  });
});

suite("a wait that is ended on the way", () => {
  const BROKEN = { brokenOff: true };

  /** The query that waits is ended after so long; the one that follows is answered. */
  async function endEarly({ catalog, clock }: ReturnType<typeof watching>, afterMs: number, list = [A]) {
    await clock.advance(afterMs);
    catalog.waiting().fail("http-5xx", BROKEN);
    await settled();
    assert.equal(catalog.waiting().query.index, 0, "asked at once whether Consul is there");
    catalog.waiting().answer(list, 10);
    await settled();
    return catalog.waiting().query;
  }

  test("is no failure: nothing above debug, the state stays", async () => {
    const all = await started();
    const before = all.watcher.status();
    await endEarly(all, 6_000);
    const { state, lastError, queries } = all.watcher.status();
    assert.deepEqual(state, before.state);
    assert.equal(lastError, undefined);
    assert.deepEqual(queries, { ok: 2, "ended-early": 1 });
    assert.deepEqual(
      all.logger.lines.map(({ level }) => level),
      ["debug"],
    );
    await end(all.watcher);
  });

  test("that comes back makes the next ones shorter, once said, and found out anew after an hour", async () => {
    const all = await started();
    assert.equal((await endEarly(all, 6_000)).waitMs, 60_000);
    assert.equal((await endEarly(all, 6_100)).waitMs, 4_800);
    assert.equal(all.watcher.status().waitLimitMs, 4_800);
    assert.equal(all.logged("info").length, 1);
    for (let passed = 0; passed < 3_600_000; passed += 5_000) {
      await all.clock.advance(5_000);
      all.catalog.waiting().answer([A], 10);
      await settled();
    }
    assert.equal(all.catalog.waiting().query.waitMs, 60_000);
    assert.equal((await endEarly(all, 6_000)).waitMs, 4_800);
    assert.equal(all.logged("info").length, 1);
    assert.deepEqual(all.logged("warn"), []);
    await end(all.watcher);
  });

  test("no longer ends early: said, and the configured wait is back", async () => {
    const all = await started();
    await endEarly(all, 6_000);
    await endEarly(all, 6_000);
    for (const [waitMs, afterMs] of [
      [4_800, 3_600_000],
      [60_000, 60_000],
      [60_000, 60_000],
    ] as const) {
      assert.equal(all.catalog.waiting().query.waitMs, waitMs);
      await all.clock.advance(afterMs);
      all.catalog.waiting().answer([A], 10);
      await settled();
    }
    assert.equal(all.watcher.status().waitLimitMs, undefined);
    assert.match(all.logged("info")[1] ?? "", /as configured again/);
    await end(all.watcher);
  });

  test("interrupts no hold of an empty answer", async () => {
    const all = await started({ emptyHoldMs: 90_000 });
    all.catalog.waiting().answer([], 11);
    await settled();
    const { emptyUntil } = all.watcher.status();
    for (let passed = 0; passed < 90_000; passed += 6_000) {
      assert.equal(all.watcher.status().emptyUntil, emptyUntil);
      assert.deepEqual(all.sink.list, [A]);
      await endEarly(all, 6_000, []);
    }
    assert.deepEqual(all.sink.list, []);
    await end(all.watcher);
  });

  test("leaves a failure's count and age as they are", async () => {
    const { catalog, clock, watcher } = await started();
    await clock.advance(6_000);
    catalog.waiting().fail("reset", BROKEN);
    await settled();
    const goneAt = clock.now();
    for (const attempt of [1, 2, 3]) {
      await clock.advance(3_000);
      assert.equal(catalog.waiting().query.index, 0);
      catalog.waiting().fail("http-5xx", BROKEN);
      await settled();
      const { state } = watcher.status();
      assert.ok(state.kind === "retrying" && state.since === goneAt + 3_000 && state.attempt === attempt);
    }
    await end(watcher);
  });

  test("is one in another datacenter too: it is not left for that", async () => {
    const { catalog, sink, clock, watcher, logged } = watching({ datacenters: ["dc1", "dc2", "dc3"] });
    begin(watcher);
    await settled();
    catalog.waiting("dc1").answer([], 10);
    await settled();
    catalog.waiting("dc2").answer([REMOTE], 5);
    await clock.advance(6_000);
    catalog.waiting("dc2").fail("http-5xx", BROKEN);
    await settled();
    catalog.waiting("dc2").answer([REMOTE, B], 6);
    await settled();
    assert.deepEqual(sink.list, [REMOTE, B]);
    assert.deepEqual(logged("warn"), []);
    await end(watcher);
  });
});

suite("a Consul that fails every other query", () => {
  test("is told of a few times a minute, and of its end as often", async () => {
    const { catalog, clock, watcher, logged } = await started();
    for (let passed = 0; passed < 60_000; passed += 500) {
      if (catalog.waiting().query.index > 0) {
        catalog.waiting().fail("http-5xx");
      } else {
        catalog.waiting().answer([A], 10);
      }
      await clock.advance(500);
    }
    assert.ok(logged("warn").length >= 5 && logged("warn").length <= 7, `${logged("warn").length} lines`);
    assert.ok(Math.abs(logged("info").length - logged("warn").length) <= 1);
    await end(watcher);
  });

  test("and then for good is told of within seconds", async () => {
    const { catalog, clock, watcher, logged } = await started();
    catalog.waiting().fail("http-5xx");
    await clock.advance(2_000);
    catalog.waiting().answer([A], 10);
    await settled();
    for (let passed = 0; passed < 12_000; passed += 2_000) {
      catalog.waiting().fail("http-5xx");
      await clock.advance(2_000);
    }
    assert.equal(logged("warn").length, 2);
    await end(watcher);
  });
});

suite("an empty answer", () => {
  test("replaces a list only after the hold time, which is asked for in time", async () => {
    const { catalog, sink, clock, watcher } = await started({ emptyHoldMs: 90_000 });
    catalog.waiting().answer([], 11);
    await settled();
    assert.deepEqual(sink.list, [A]);
    assert.equal(watcher.status().emptyUntil, clock.now() + 90_000);
    await clock.advance(60_000);
    catalog.waiting().answer([], 11);
    await settled();
    assert.equal(catalog.waiting().query.waitMs, 30_000);
    await clock.advance(30_000);
    catalog.waiting().answer([], 11);
    await settled();
    assert.deepEqual(sink.list, []);
    assert.equal(watcher.status().emptyUntil, undefined);
    await end(watcher);
  });

  test("interrupted by a failure starts its hold time over", async () => {
    const { catalog, sink, clock, watcher } = await started({ emptyHoldMs: 90_000 });
    catalog.waiting().answer([], 11);
    await clock.advance(60_000);
    catalog.waiting().fail("unreachable");
    await clock.advance(2_000);
    catalog.waiting().answer([], 12);
    await clock.advance(60_000);
    catalog.waiting().answer([], 12);
    await settled();
    assert.deepEqual(sink.list, [A]);
    assert.equal(watcher.status().emptyUntil, clock.now() + 30_000);
    await end(watcher);
  });

  test("of a wiped Consul does not count when the services come back in time", async () => {
    const { catalog, sink, clock, watcher } = await started();
    catalog.waiting().fail("unreachable");
    await clock.advance(2_000);
    catalog.waiting().answer([], 4);
    await clock.advance(75_000);
    catalog.waiting().answer([A], 9);
    await settled();
    assert.deepEqual(sink.reports, [{ addresses: [A], tier: "backup" }]);
    await end(watcher);
  });

  test("without a token is no reason to complain", async () => {
    const { watcher, logged } = await started({}, []);
    assert.deepEqual(logged("warn"), []);
    await end(watcher);
  });
});

suite("orphaned", () => {
  test("the list is reported again as primaries, and later as backups", async () => {
    const { catalog, sink, watcher } = await started();
    watcher.setOrphaned(true);
    assert.deepEqual(sink.reports.at(-1), { addresses: [A], tier: "primary" });
    catalog.waiting().answer([A, B], 11);
    await settled();
    assert.deepEqual(sink.reports.at(-1), { addresses: [A, B], tier: "primary" });
    watcher.setOrphaned(true);
    assert.equal(sink.reports.length, 3);
    watcher.setOrphaned(false);
    assert.deepEqual(sink.reports.at(-1), { addresses: [A, B], tier: "backup" });
    await end(watcher);
  });

  test("before the first answer nothing is reported", async () => {
    const { sink, watcher } = watching();
    watcher.setOrphaned(true);
    assert.deepEqual(sink.reports, []);
    await end(watcher);
  });
});

suite("what the list does not take", () => {
  test("is the list's to try again: the same answer is reported once", async () => {
    const { catalog, sink, watcher } = watching();
    begin(watcher);
    await settled();
    for (const index of [10, 11, 12]) {
      catalog.waiting().answer(["s.example:1"], index);
      await settled();
    }
    assert.deepEqual(sink.reports, [{ addresses: ["s.example:1"], tier: "backup" }]);
    await end(watcher);
  });

  test("instances that are no servers are logged once, the others count", async () => {
    const { catalog, sink, watcher, logged } = await started({}, [A, "10.0.0.9:0"]);
    catalog.waiting().answer([A, "10.0.0.9:0"], 11);
    await settled();
    assert.deepEqual(sink.list, [A]);
    assert.equal(logged("warn").length, 1);
    assert.match(logged("warn").join(), /10\.0\.0\.9:0: port 0/);
    await end(watcher);
  });
});

suite("instances of which none can be used", () => {
  const skipped = [{ id: "web-1", reason: "port: expected number" }];

  test("leave the list as it is for good: that is no empty answer", async () => {
    const { catalog, sink, clock, watcher } = await started({ emptyHoldMs: 10_000 });
    const answers = [
      { list: ["10.0.0.9:0"], more: {} },
      { list: [], more: { skipped } },
    ];
    for (const { list, more } of [...answers, ...answers]) {
      catalog.waiting().answer(list, 11, more);
      await settled();
      assert.equal(watcher.status().emptyUntil, undefined);
      await clock.advance(20_000);
    }
    assert.deepEqual(sink.list, [A]);
    await end(watcher);
  });

  test("begin a hold when they go", async () => {
    const { catalog, sink, clock, watcher } = await started({ emptyHoldMs: 10_000 });
    catalog.waiting().answer([], 11, { skipped });
    await clock.advance(20_000);
    catalog.waiting().answer([], 12);
    await clock.advance(10_000);
    assert.deepEqual(sink.list, [A]);
    catalog.waiting().answer([], 12);
    await settled();
    assert.deepEqual(sink.list, []);
    await end(watcher);
  });

  test("are told of in one short line, however many they are and whatever they are called", async () => {
    const { catalog, watcher, logged } = await started();
    const many = (first: number) =>
      Array.from({ length: 4_000 }, (_, number) => ({
        id: `\u001b[31m${"x".repeat(1_000)}${first + number}`,
        reason: "y".repeat(1_000_000),
      }));
    catalog.waiting().answer([A], 11, { skipped: many(0) });
    await settled();
    catalog.waiting().answer([A], 12, { skipped: many(0).reverse() });
    await settled();
    const [line = "", ...others] = logged("warn");
    assert.deepEqual(others, []);
    assert.match(line, /; and 3997 more$/);
    assert.ok(line.length < 2_000, `${line.length} characters`);
    assert.ok(!line.includes("\u001b"));
    await end(watcher);
  });
});

suite("other datacenters", () => {
  test("are not asked while the local one has servers", async () => {
    const { catalog, clock, watcher } = await started();
    await clock.advance(200_000);
    assert.equal(catalog.datacentersAsked, 0);
    await end(watcher);
  });

  test("serve when the local one has none: the local one is left out", async () => {
    const { catalog, sink, clock, watcher } = watching();
    catalog.datacenterNames = ["dc2", "dc1"];
    begin(watcher);
    await settled();
    catalog.waiting().answer([A], 10);
    await settled();
    catalog.waiting().answer([], 11);
    await settled();
    const open = catalog.open.map(({ query }) => query.datacenter ?? "local").sort();
    assert.deepEqual(open, ["dc2", "local"]);
    catalog.waiting("dc2").answer([REMOTE], 4);
    await clock.advance(1);
    assert.equal(catalog.waiting("dc2").query.index, 4);
    assert.equal(sink.list?.includes(REMOTE), true);
    await end(watcher);
    assert.equal(catalog.open.length, 0);
  });

  test("are asked one after the other, in the configured order", async () => {
    const { catalog, sink, watcher } = watching({ datacenters: ["dc1", "dc3", "dc2"] });
    begin(watcher);
    await settled();
    catalog.waiting("dc1").answer([], 10);
    await settled();
    catalog.waiting("dc3").answer([], 5);
    await settled();
    catalog.waiting("dc2").answer([REMOTE], 5);
    await settled();
    assert.equal(catalog.datacentersAsked, 0);
    assert.deepEqual(sink.list, [REMOTE]);
    assert.equal(watcher.status().datacenter, "dc2");
    catalog.waiting("dc1").answer([A], 11);
    await settled();
    assert.deepEqual(sink.list, [A]);
    assert.deepEqual(
      catalog.open.map(({ query }) => query.datacenter),
      ["dc1"],
    );
    assert.equal(watcher.status().datacenter, "dc1");
    await end(watcher);
  });

  test("are watched, and left for the next one when they fail; their last list stays meanwhile", async () => {
    const { catalog, sink, clock, watcher, logged } = watching({ datacenters: ["dc1", "dc2", "dc3"] });
    begin(watcher);
    await settled();
    catalog.waiting("dc1").answer([], 10);
    await settled();
    catalog.waiting("dc2").answer([REMOTE], 5);
    await settled();
    catalog.waiting("dc2").fail("http-5xx");
    await clock.advance(2_000);
    assert.deepEqual(sink.list, [REMOTE]);
    catalog.waiting("dc2").fail("http-5xx");
    await clock.advance(2_000);
    catalog.waiting("dc3").answer([B], 5);
    await settled();
    assert.deepEqual(sink.list, [B]);
    assert.equal(watcher.status().state.kind, "watching");
    assert.equal(watcher.status().lastError?.datacenter, "dc2");
    assert.deepEqual(logged("warn"), []);
    await end(watcher);
  });

  test("come behind the local servers while those are held, and alone after", async () => {
    const { catalog, sink, clock, watcher } = await started({ datacenters: [], emptyHoldMs: 30_000 });
    catalog.datacenterNames = ["dc1", "dc2"];
    catalog.waiting().answer([], 11);
    await settled();
    catalog.waiting("dc2").answer([REMOTE], 5);
    await settled();
    assert.deepEqual(sink.list, [A, REMOTE]);
    await clock.advance(30_000);
    catalog.waiting().answer([], 11);
    await settled();
    assert.deepEqual(sink.list, [REMOTE]);
    await end(watcher);
  });

  test("are looked for again later when none has a server, or the catalog fails", async () => {
    const { catalog, clock, watcher } = watching({ remoteScanMs: 60_000 });
    catalog.datacenterNames = failure("http-5xx");
    begin(watcher);
    await settled();
    catalog.waiting().answer([], 10);
    await settled();
    assert.equal(catalog.datacentersAsked, 1);
    await clock.advance(59_000);
    assert.equal(catalog.datacentersAsked, 1);
    await clock.advance(1_000);
    assert.equal(catalog.datacentersAsked, 2);
    await end(watcher);
    assert.equal(clock.pending, 0);
  });
});
