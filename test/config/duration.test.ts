import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDurationMs } from "../../src/config/duration.ts";

const rows: [string, number | undefined][] = [
  ["0", 0],
  ["0s", 0],
  ["500ms", 500],
  ["1.5s", 1_500],
  ["10m", 600_000],
  ["1h30m", 5_400_000],
  ["", undefined],
  ["5", undefined],
  ["-5s", undefined],
  ["5 s", undefined],
  ["5d", undefined],
  ["s", undefined],
];

for (const [text, ms] of rows) {
  test(`${JSON.stringify(text)} is ${ms === undefined ? "no duration" : `${ms} ms`}`, () => {
    assert.equal(parseDurationMs(text), ms);
  });
}
