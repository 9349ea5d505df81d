import assert from "node:assert/strict";
import { test } from "node:test";
import { LoopDelay } from "../../src/agent/loop-delay.ts";
import { FakeClock } from "../support/fake-ports.ts";
import { begin, end } from "../support/lives.ts";

/** A clock on which the thread is held up after its timers were set. */
class StallingClock extends FakeClock {
  #stalledMs = 0;

  override now(): number {
    return super.now() + this.#stalledMs;
  }

  stall(ms: number): void {
    this.#stalledMs += ms;
  }
}

test("a stall is shown as long as it was, for one to two minutes, however often it is asked for", async () => {
  const clock = new StallingClock();
  const delay = new LoopDelay(clock);
  begin(delay);
  await clock.advance(1_000);
  assert.equal(delay.maxSeconds, 0);
  clock.stall(300);
  await clock.advance(250);
  clock.stall(100);
  await clock.advance(250);
  assert.equal(delay.maxSeconds, 0.3);
  await clock.advance(60_000);
  assert.equal(delay.maxSeconds, 0.3);
  await clock.advance(61_000);
  assert.equal(delay.maxSeconds, 0);
  await end(delay);
  assert.equal(clock.pending, 0);
});
