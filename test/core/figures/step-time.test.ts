import assert from "node:assert/strict";
import { test } from "node:test";
import { StepTime } from "../../../src/core/figures/step-time.ts";

test("the next step is still to come, also when one begins while the time is read", () => {
  let now = 0;
  const clock = {
    // As on a real clock, time goes on from one look to the next.
    now: () => {
      now += 0.4;
      return now;
    },
    wallTime: () => now,
    after: () => () => undefined,
  };
  const time = new StepTime(clock, 5);
  time.take();
  for (let look = 0; look < 100; look += 1) {
    const untilNext = time.untilNext();
    assert.ok(untilNext > 0 && untilNext <= 5, `${untilNext} ms at ${now}`);
  }
});
