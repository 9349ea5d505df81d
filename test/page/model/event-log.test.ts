import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  EMPTY_LOG,
  type EventLog,
  eventBefore,
  filtered,
  gapInWords,
  isNext,
  kindsIn,
  type LogItem,
  NO_FILTER,
  reachesBackTo,
  withBatch,
} from "../../../src/page/model/event-log.ts";
import type { EventReply } from "../../../src/page/model/replies.ts";

function event(index: number, more: Partial<EventReply> = {}): EventReply {
  const at = new Date(Date.UTC(2026, 0, 31, 3, 0, index)).toISOString();
  return { index, at, pool: "nomad", kind: "head-changed", severity: "info", summary: `${index}`, ...more };
}

const GAP = { kind: "gap", after: 4, oldest: 8, lost: 3 } as const;

function logOf(...items: readonly LogItem[]): EventLog {
  return withBatch(EMPTY_LOG, { after: 0, items });
}

const shown = ({ items }: EventLog) => items.map((item) => ("index" in item ? item.index : "gap"));

suite("the log of events", () => {
  test("takes what is new once and in order, whoever tells it again", () => {
    const log = logOf(event(1), event(2));
    const more = withBatch(log, { after: 1, items: [event(2), event(3)] });
    assert.deepEqual([shown(more), more.last, more.taken], [[1, 2, 3], 3, 3]);
    assert.equal(withBatch(more, { after: 0, items: [event(1), event(3)] }), more, "nothing new: the same");
  });

  test("an agent without events has been read all the same", () => {
    assert.deepEqual(logOf(), { items: [], last: 0, taken: 0 });
  });

  test("holds 1,024 events after an hour of ten a second", () => {
    let log = logOf();
    for (let index = 1; index <= 36_000; index += 10) {
      const items = Array.from({ length: 10 }, (_, more) => event(index + more));
      log = withBatch(log, { after: index - 1, items });
    }
    assert.deepEqual([log.items.length, log.last, log.taken], [1_024, 36_000, 36_000]);
    assert.equal(shown(log)[0], 36_000 - 1_023);
  });

  test("tells of the gap before a thousand events that came at once, until there are newer ones", () => {
    const many = Array.from({ length: 1_024 }, (_, more) => event(8 + more));
    const log = withBatch(logOf(event(1), event(2)), { after: 2, items: [GAP, ...many] });
    assert.deepEqual([shown(log).slice(0, 2), log.items.length], [["gap", 8], 1_025]);
    const later = withBatch(log, { after: 1_031, items: [event(1_032)] });
    assert.deepEqual([shown(later)[0], later.items.length], [9, 1_024]);
  });

  test("a batch that begins after what is held leaves something out", () => {
    const log = logOf(event(1), event(2));
    assert.equal(isNext(log, { after: 2, items: [event(3)] }), true);
    assert.equal(isNext(log, { after: 1, items: [event(2), event(3)] }), true);
    assert.equal(isNext(log, { after: 3, items: [event(4)] }), false);
    assert.equal(isNext(EMPTY_LOG, { after: 0, items: [event(1)] }), false, "nothing was read yet");
  });

  test("a gap is told, and what follows it is taken", () => {
    const log = withBatch(logOf(event(3), event(4)), { after: 4, items: [GAP, event(8)] });
    assert.deepEqual([shown(log), log.last], [[3, 4, "gap", 8], 8]);
  });

  test("another life of the agent, whose clock was set back, has lower indices", () => {
    const foreign = { kind: "gap", after: 9_000, oldest: 11, lost: null } as const;
    const log = withBatch(logOf(event(9_000)), { after: 9_000, items: [foreign, event(11), event(12)] });
    assert.deepEqual([shown(log), log.last], [[9_000, "gap", 11, 12], 12]);
  });
});

suite("the timeline shows", () => {
  const items = [
    event(1, { severity: "warn", kind: "server-down" }),
    event(2, { pool: "web" }),
    GAP,
    event(8, { severity: "error", pool: null, kind: "dns-degraded" }),
  ];
  const found = (filter: object) => filtered(items, { ...NO_FILTER, ...filter }).map(({ kind }) => kind);

  test("the newest first, of a kind, a pool, a severity; a gap always", () => {
    assert.deepEqual(found({}), ["dns-degraded", "gap", "head-changed", "server-down"]);
    assert.deepEqual(found({ kind: "server-down" }), ["gap", "server-down"]);
    assert.deepEqual(found({ pool: "web" }), ["gap", "head-changed"]);
    assert.deepEqual(found({ severity: "warn" }), ["dns-degraded", "gap", "server-down"]);
    assert.deepEqual(found({ severity: "error" }), ["dns-degraded", "gap"]);
  });

  test("the kinds that there are, how far it reaches back, and what is gone", () => {
    assert.deepEqual(kindsIn(items), ["dns-degraded", "head-changed", "server-down"]);
    assert.equal(reachesBackTo(logOf(GAP, ...items)), "2026-01-31T03:00:01.000Z");
    assert.equal(gapInWords(GAP), "3 events are gone between index 4 and 8");
    assert.equal(gapInWords({ ...GAP, lost: 1 }), "1 event is gone between index 4 and 8");
    assert.equal(gapInWords({ ...GAP, lost: null, oldest: null }), "events are gone between index 4 and ?");
  });

  test("the last event before a moment", () => {
    const at = (second: number) => eventBefore(items, Date.UTC(2026, 0, 31, 3, 0, second))?.index;
    assert.deepEqual([at(0), at(1), at(7), at(60)], [undefined, 1, 2, 8]);
  });
});
