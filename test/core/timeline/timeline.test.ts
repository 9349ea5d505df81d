import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Journal } from "../../../src/core/journal.ts";
import type { PoolEvent } from "../../../src/core/journal-event.ts";
import { type Kept, Timeline } from "../../../src/core/timeline/timeline.ts";
import { FakeClock, FakeLogger } from "../../support/fake-ports.ts";

const START = 1_764_043_200_000;
const A = "127.0.0.1:1";

function bench() {
  const clock = new FakeClock(START);
  const logger = new FakeLogger();
  const journal = new Journal(clock, logger);
  const timeline = new Timeline(START, logger);
  timeline.follow(journal);
  const nomad = journal.of("nomad");
  const failback = (server = A) => {
    nomad({ kind: "failback", server });
  };
  return { clock, logger, journal, timeline, nomad, failback };
}

function indexes(events: readonly Kept[]): number[] {
  return events.map(({ event }) => event.index);
}

suite("the timeline", () => {
  test("counts its events from the start's time on, and per pool; routine is not told", () => {
    const { failback, journal, nomad, timeline } = bench();
    assert.equal(timeline.index, START);
    failback();
    nomad({ kind: "heartbeat", after: "ok", server: A, servers: 3, leader: A });
    journal.note({ kind: "agent-stopping" });
    assert.equal(timeline.index, START + 2);
    assert.equal(timeline.indexOf("nomad"), START + 1);
    assert.equal(timeline.indexOf("web"), START);
    assert.deepEqual(
      timeline.events().map(({ event }) => event),
      [
        {
          index: START + 1,
          at: "2025-11-25T04:00:00.000Z",
          pool: "nomad",
          kind: "failback",
          severity: "info",
          summary: `back from a backup to ${A}`,
          server: A,
        },
        {
          index: START + 2,
          at: "2025-11-25T04:00:00.000Z",
          pool: null,
          kind: "agent-stopping",
          severity: "info",
          summary: "the agent stops",
        },
      ],
    );
    assert.ok(timeline.events().every(({ event, json }) => json === JSON.stringify(event)));
  });

  test("is read on from any index: nothing twice, nothing left out untold", () => {
    const { failback, timeline } = bench();
    for (let i = 0; i < 3_000; i += 1) {
      failback();
    }
    const newest = START + 3_000;
    assert.equal(timeline.dropped, 3_000 - 1_024);
    const oldest = newest - 1_023;
    assert.deepEqual(timeline.after(newest), { gap: undefined, events: [] });
    assert.deepEqual(indexes(timeline.after(newest - 2).events), [newest - 1, newest]);
    assert.equal(timeline.after(oldest - 1).gap, undefined);
    assert.equal(timeline.after(oldest - 1).events.length, 1_024);
    const missed = timeline.after(oldest - 8);
    assert.deepEqual(missed.gap, { kind: "gap", after: oldest - 8, oldest, lost: 7 });
    assert.equal(missed.events[0]?.event.index, oldest);
    assert.deepEqual(timeline.after(0).gap, { kind: "gap", after: 0, oldest, lost: 3_000 - 1_024 });
    for (const foreign of [newest + 1, START - 5]) {
      assert.deepEqual(timeline.after(foreign).gap, { kind: "gap", after: foreign, oldest, lost: null });
      assert.equal(timeline.after(foreign).events.length, 1_024);
    }
  });

  test("from the beginning on there is no gap as long as all is kept", () => {
    const { failback, timeline } = bench();
    failback();
    assert.equal(timeline.after(0).gap, undefined);
    assert.equal(timeline.after(START).gap, undefined);
    assert.equal(timeline.after(0).events.length, 1);
  });

  test("keeps at most 1 MiB", () => {
    const { nomad, timeline } = bench();
    for (let i = 0; i < 1_024; i += 1) {
      nomad({ kind: "failback", server: `${i}${"x".repeat(4_000)}` });
    }
    const bytes = timeline.events().reduce((sum, { json }) => sum + json.length, 0);
    assert.ok(bytes <= 1_048_576 && bytes > 1_000_000, `${bytes} bytes`);
    assert.equal(timeline.dropped, 1_024 - timeline.events().length);
  });

  test("tells repeats the 2nd, 4th, 8th … time, each subject for itself, until ten minutes pass without", async () => {
    const { clock, nomad, timeline } = bench();
    const down = (server: string): PoolEvent => ({ kind: "standby-down", server, reason: "refused" });
    for (let i = 1; i <= 20; i += 1) {
      nomad(down(A));
      await clock.advance(1_000);
    }
    nomad(down("127.0.0.1:2"));
    assert.deepEqual(
      timeline.events().map(({ event }) => [event["server"], event.repeats, event.first_at]),
      [
        [A, undefined, undefined],
        ...[2, 4, 8, 16].map((repeats) => [A, repeats, "2025-11-25T04:00:00.000Z"]),
        ["127.0.0.1:2", undefined, undefined],
      ],
    );
    await clock.advance(600_000);
    nomad(down(A));
    assert.equal(timeline.events().at(-1)?.event.repeats, undefined);
  });

  test("tells its readers, until they leave; what a reader throws changes nothing", () => {
    const { failback, logger, timeline } = bench();
    const seen: number[] = [];
    timeline.subscribe(() => {
      throw new Error("full");
    });
    const leave = timeline.subscribe(({ event }) => seen.push(event.index));
    failback();
    leave();
    failback();
    assert.deepEqual(seen, [START + 1]);
    assert.deepEqual(logger.levels(), ["error", "error"]);
  });
});
