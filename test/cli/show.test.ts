import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { TimeShower } from "../../src/cli/show/durations.ts";
import { cutToWidth } from "../../src/cli/show/terminal-width.ts";
import { ageText, roundTripText, spanText } from "../../src/core/time/spans.ts";

suite("spans are in the largest unit that fits, rounded down", () => {
  const rows: [number, string, string][] = [
    [-5, "0 s", "0 s"],
    [0, "0 s", "0 s"],
    [999, "999 ms", "0 s"],
    [1_000, "1 s", "1 s"],
    [59_999, "59 s", "59 s"],
    [60_000, "1 min", "1 min"],
    [3_599_999, "59 min", "59 min"],
    [3_600_000, "1 h", "1 h"],
    [48 * 3_600_000 - 1, "47 h", "47 h"],
    [48 * 3_600_000, "2 d", "2 d"],
  ];
  for (const [ms, span, age] of rows) {
    test(`${ms} ms`, () => {
      assert.deepEqual([spanText(ms), ageText(ms)], [span, age]);
    });
  }

  test("a round trip has a digit more below 10 ms", () => {
    assert.deepEqual([0.04, 9.94, 10, 250.4].map(roundTripText), ["0.0 ms", "9.9 ms", "10 ms", "250 ms"]);
  });
});

test("a moment has its date when it is a day away", () => {
  const now = Date.parse("2025-11-24T12:00:00.000Z");
  const times = new TimeShower(true);
  assert.equal(times.ago(now - 86_399_000, now), "12:00:01 (23 h ago)");
  assert.equal(times.ago(now - 86_400_000, now), "2025-11-23 12:00:00 (24 h ago)");
  assert.equal(times.exact(now + 7), "12:00:00.007");
});

suite("a line is cut at the terminal's edge", () => {
  test("only when it is longer, and not within a colour's sequence", () => {
    assert.equal(cutToWidth("abcd", 4), "abcd");
    assert.equal(cutToWidth("abcde", 4), "abc…");
    assert.equal(cutToWidth("\u001B[31mabcd\u001B[39m", 4), "\u001B[31mabcd\u001B[39m");
    assert.equal(cutToWidth("a\u001B[31mbcde\u001B[39mf", 4), "a\u001B[31mbc…\u001B[39m");
  });

  test("a character of two units counts as one", () => {
    assert.equal(cutToWidth("😀😀😀", 3), "😀😀😀");
    assert.equal(cutToWidth("😀😀😀", 2), "😀…");
  });
});
