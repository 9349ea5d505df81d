import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { headBand, sourceBand } from "../../../src/page/model/bands.ts";
import { figuresOf, linePath, roundMaximum } from "../../../src/page/model/plot-lines.ts";
import type { EventReply } from "../../../src/page/model/replies.ts";

const START = Date.parse("2026-01-31T12:00:00.000Z");
const SPAN = { from: START, to: START + 900_000 };

function event(second: number, kind: string, fields: object, pool = "nomad"): EventReply {
  const at = new Date(START + second * 1_000).toISOString();
  return { index: second, at, pool, kind, severity: "info", summary: `at ${second} s`, ...fields };
}

function headChanged(second: number, head: string | null, previous: string | null): EventReply {
  return event(second, "head-changed", { head, previous_head: previous });
}

const steps = (parts: ReturnType<typeof headBand>) =>
  parts.map(({ cause, from, to, value }) => [(from - START) / 1_000, (to - START) / 1_000, value, cause]);

suite("the band of heads", () => {
  test("has who was head from when to when, and why since", () => {
    const items = [
      headChanged(-60, "a:1", "c:1"),
      headChanged(100, "b:1", "a:1"),
      headChanged(200, "x:1", "y:1"),
    ].map((each, index) => (index === 2 ? { ...each, pool: "web" } : each));
    assert.deepEqual(steps(headBand(items, "nomad", SPAN, { head: "b:1", since: START + 100_000 })), [
      [0, 100, "a:1", "at -60 s"],
      [100, 900, "b:1", "at 100 s"],
    ]);
  });

  test("begins with who was head before the first change that is held", () => {
    const items = [headChanged(100, "b:1", "a:1"), headChanged(300, null, "b:1")];
    assert.deepEqual(steps(headBand(items, "nomad", SPAN, { head: undefined, since: undefined })), [
      [0, 100, "a:1", ""],
      [100, 300, "b:1", "at 100 s"],
      [300, 900, undefined, "at 300 s"],
    ]);
  });

  test("follows the list where no change is held any more", () => {
    const held = headBand([], "nomad", SPAN, { head: "a:1", since: START - 5_000 });
    assert.deepEqual(steps(held), [[0, 900, "a:1", ""]]);
    const later = headBand([], "nomad", SPAN, { head: "a:1", since: START + 60_000 });
    assert.deepEqual(steps(later), [
      [0, 60, undefined, ""],
      [60, 900, "a:1", ""],
    ]);
  });

  test("has 16 parts at most: the oldest of a flapping head are told together", () => {
    const items = Array.from({ length: 200 }, (_, index) =>
      headChanged(index + 1, `s${index % 2}:1`, `s${(index + 1) % 2}:1`),
    );
    const parts = headBand(items, "nomad", SPAN, { head: "s1:1", since: START + 200_000 });
    assert.equal(parts.length, 16);
    assert.deepEqual(steps(parts)[0], [0, 186, undefined, "186 changes, not shown one by one"]);
    assert.deepEqual(steps(parts).at(-1), [200, 900, "s1:1", "at 200 s"]);
  });
});

test("the band of a source is what the timeline says of this one, else what it is now", () => {
  const items = [
    event(100, "source-failed", { source: "consul" }),
    event(160, "source-recovered", { source: "consul" }),
    event(200, "source-failed", { source: "heartbeat" }),
  ];
  const band = (source: string, present: string) =>
    steps(sourceBand(items, "nomad", source, SPAN, present)).map(([from, to, value]) => [from, to, value]);
  assert.deepEqual(band("consul", "ok"), [
    [0, 100, "ok"],
    [100, 160, "failing"],
    [160, 900, "ok"],
  ]);
  assert.deepEqual(band("push", "waiting"), [[0, 900, "waiting"]]);
});

suite("a line", () => {
  test("breaks where nothing was measured, and shows a single sample as a dot", () => {
    const box = { width: 50, height: 10 };
    assert.equal(linePath([0, 5, null, 10, null, 20], 10, box), "M0 10L10 5M30 0l0 0M50 0l0 0");
    assert.equal(linePath([], 10, box), "");
  });

  test("has a scale that people read", () => {
    const most = [0, 0.04, 0.6, 1, 1.1, 4, 9, 87, 101, Number.NaN].map(roundMaximum);
    assert.deepEqual(most, [1, 0.05, 1, 1, 2, 5, 10, 100, 200, 1]);
  });

  test("is told in words by the last, the median and the most", () => {
    assert.deepEqual(figuresOf([3, null, 1, 2, null]), { last: 2, median: 2, most: 3 });
    assert.deepEqual(figuresOf([null]), { last: undefined, median: undefined, most: undefined });
  });
});
