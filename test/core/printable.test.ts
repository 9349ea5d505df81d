import assert from "node:assert/strict";
import { test } from "node:test";
import { LONGEST_TEXT, printable } from "../../src/core/printable.ts";

const rows: [given: string, shown: string, why: string][] = [
  ["connection refused", "connection refused", "plain text stays"],
  ["dc-München 東京 🙂", "dc-München 東京 🙂", "letters and signs of any script stay"],
  ["one\ntwo\r", "one\\u{a}two\\u{d}", "line ends"],
  ["\u001b[31mred", "\\u{1b}[31mred", "an escape sequence"],
  ["\u009b2J\u007f", "\\u{9b}2J\\u{7f}", "its one-byte form, and DEL"],
  ["abc\u202edcba", "abc\\u{202e}dcba", "a turn of direction"],
  ["a\u2028b\u200bc", "a\\u{2028}b\\u{200b}c", "separators that nobody sees"],
  ["half \ud83d", "half \\u{d83d}", "half of a pair"],
];
for (const [given, shown, why] of rows) {
  test(`printable: ${why}`, () => {
    assert.equal(printable(given), shown);
  });
}

test("printable: a long text is cut, before anything is done with the rest", () => {
  assert.equal(printable("a".repeat(2_000_000)), `${"a".repeat(LONGEST_TEXT)}…`);
  assert.equal(printable("12345", 3), "123…");
  assert.equal(printable(`${"a".repeat(299)}🙂`), `${"a".repeat(299)}\\u{d83d}…`);
});
