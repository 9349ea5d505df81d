import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { clockText, countdownText, exactText, lastMomentAt, timeOf } from "../../../src/page/model/times.ts";

const NOON = Date.parse("2026-01-31T12:00:04.117Z");

suite("moments", () => {
  test("are in UTC, with the date when they are of another day", () => {
    assert.equal(clockText(NOON, NOON + 1_000), "12:00:04");
    assert.equal(clockText(NOON, NOON + 86_400_000), "2026-01-31 12:00:04");
    assert.equal(exactText(NOON, NOON + 1_000), "12:00:04.117");
    assert.equal(exactText(NOON, NOON + 43_200_000), "2026-01-31 12:00:04.117");
  });

  test("that are not known stay so", () => {
    assert.deepEqual([timeOf(null), timeOf(undefined), timeOf("soon")], [undefined, undefined, undefined]);
    assert.equal(timeOf("2026-01-31T12:00:04.117Z"), NOON);
  });

  for (const [text, at] of [
    ["03:12", "2026-01-31T03:12:00.000Z"],
    [" 3:12:30 ", "2026-01-31T03:12:30.000Z"],
    ["12:00:04", "2026-01-31T12:00:04.000Z"],
    ["12:00:05", "2026-01-30T12:00:05.000Z"],
    ["23:59", "2026-01-30T23:59:00.000Z"],
    ["24:00", undefined],
    ["03:60", undefined],
    ["noon", undefined],
    ["", undefined],
  ] as const) {
    test(`"${text}" is the last moment with that time of day, or none`, () => {
      const found = lastMomentAt(text, NOON);
      assert.equal(found === undefined ? undefined : new Date(found).toISOString(), at);
    });
  }
});

test("a countdown never says less than what remains, and ends with now", () => {
  const said = [-5, 0, 1, 1_000, 1_001, 59_999, 60_000, 725_000, 3_600_000, 90_000_000, 172_800_000];
  assert.deepEqual(said.map(countdownText), [
    "now",
    "now",
    "in 1 s",
    "in 1 s",
    "in 2 s",
    "in 1 min 0 s",
    "in 1 min 0 s",
    "in 12 min 5 s",
    "in 1 h 0 min",
    "in 25 h 0 min",
    "in 2 d",
  ]);
});
