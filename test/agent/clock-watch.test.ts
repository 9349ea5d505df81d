import assert from "node:assert/strict";
import { test } from "node:test";
import { ClockWatch } from "../../src/agent/clock-watch.ts";
import { FakeClock, FakeLogger, noteTo } from "../support/fake-ports.ts";
import { begin, end } from "../support/lives.ts";

test("the clocks are compared when a step of five seconds ends by the wall clock, as the recent figures are", async () => {
  const clock = new FakeClock();
  clock.setWallClock(1_001_200);
  const logger = new FakeLogger();
  const watch = new ClockWatch(clock, noteTo(logger));
  begin(watch);
  await clock.advance(100);
  clock.setWallClock(60_000);
  await clock.advance(3_699);
  assert.equal(logger.lines.length, 0);
  await clock.advance(1);
  assert.equal(logger.lines.length, 1);
  await end(watch);
});

test("each jump of the machine's clock is told once, with how far; a clock that is being corrected is not", async () => {
  const clock = new FakeClock();
  const logger = new FakeLogger();
  const watch = new ClockWatch(clock, noteTo(logger));
  begin(watch);
  await clock.advance(3_600_000);
  clock.setWallClock(2);
  await clock.advance(60_000);
  assert.deepEqual(logger.lines, []);
  clock.setWallClock(-3_600_000);
  await clock.advance(600_000);
  clock.setWallClock(7_200_000);
  await clock.advance(600_000);
  assert.deepEqual(
    logger.lines.map(({ level, fields }) => [level, fields]),
    [
      ["warn", { byMs: -3_600_000 }],
      ["warn", { byMs: 7_200_000 }],
    ],
  );
  await end(watch);
  assert.equal(clock.pending, 0);
});
