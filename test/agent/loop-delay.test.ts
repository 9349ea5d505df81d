import assert from "node:assert/strict";
import { test } from "node:test";
import { LoopDelay } from "../../src/agent/loop-delay.ts";
import { FakeClock } from "../support/fake-ports.ts";

test("a late timer is shown by how much it was late, for one to two minutes, however often it is asked for", async () => {
  const clock = new FakeClock();
  const delay = new LoopDelay(clock);
  const fired: number[] = [];
  const note = () => fired.push(clock.now());
  delay.clock.after(1_000, note);
  await clock.advance(1_000);
  assert.equal(delay.maxSeconds, 0);
  for (const lateMs of [300, 100]) {
    delay.clock.after(1_000, note);
    clock.freeze(1_000 + lateMs);
    await clock.advance(0);
  }
  assert.deepEqual(fired, [1_000, 2_300, 3_400]);
  assert.equal(delay.maxSeconds, 0.3);
  await clock.advance(60_000);
  assert.equal(delay.maxSeconds, 0.3);
  await clock.advance(60_000);
  assert.equal(delay.maxSeconds, 0);
});

test("its clock is the same: time, the machine's time, and a timer that is cancelled", async () => {
  const clock = new FakeClock(5);
  clock.setWallClock(1_000);
  const delay = new LoopDelay(clock);
  assert.equal(delay.clock.now(), 5);
  assert.equal(delay.clock.wallTime?.(), 1_005);
  const cancel = delay.clock.after(10, () => assert.fail("cancelled"));
  cancel();
  cancel();
  await clock.advance(20);
  assert.equal(clock.pending, 0);
});
