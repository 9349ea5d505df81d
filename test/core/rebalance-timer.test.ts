import assert from "node:assert/strict";
import { test } from "node:test";
import { RebalanceTimer } from "../../src/core/rebalance-timer.ts";
import { FakeClock, settled } from "../support/fake-ports.ts";

function timerOf(...intervalsMs: number[]): { clock: FakeClock; timer: RebalanceTimer } {
  const clock = new FakeClock();
  return { clock, timer: new RebalanceTimer(clock, () => intervalsMs.shift() ?? Number.NaN) };
}

/** What the promise has come to, or "waiting". */
async function stateOf(promise: Promise<boolean>): Promise<boolean | "waiting"> {
  await settled();
  return Promise.race([promise, Promise.resolve("waiting" as const)]);
}

test("waits for the interval, drawn anew each time", async () => {
  const { clock, timer } = timerOf(100, 200);
  const { signal } = new AbortController();
  const first = timer.wait(signal);
  await clock.advance(99);
  assert.equal(await stateOf(first), "waiting");
  await clock.advance(1);
  assert.equal(await stateOf(first), true);
  const second = timer.wait(signal);
  await clock.advance(199);
  assert.equal(await stateOf(second), "waiting");
  await clock.advance(1);
  assert.equal(await stateOf(second), true);
  assert.equal(clock.pending, 0);
});

test("reset starts over with a new length, and leaves one timer", async () => {
  const { clock, timer } = timerOf(100, 300);
  const waiting = timer.wait(new AbortController().signal);
  await clock.advance(99);
  timer.reset();
  assert.equal(clock.pending, 1);
  await clock.advance(299);
  assert.equal(await stateOf(waiting), "waiting");
  await clock.advance(1);
  assert.equal(await stateOf(waiting), true);
});

test("a wait is shortened from where it began, never made longer, and at once over when that has passed", async () => {
  const { clock, timer } = timerOf(1_000, 1_000);
  const { signal } = new AbortController();
  const first = timer.wait(signal);
  await clock.advance(100);
  timer.shortenTo(2_000);
  timer.shortenTo(500);
  timer.shortenTo(700);
  assert.equal(clock.pending, 1);
  await clock.advance(399);
  assert.equal(await stateOf(first), "waiting");
  await clock.advance(1);
  assert.equal(await stateOf(first), true);
  const second = timer.wait(signal);
  await clock.advance(300);
  timer.shortenTo(200);
  await clock.advance(0);
  assert.equal(await stateOf(second), true);
  timer.shortenTo(1);
  assert.equal(clock.pending, 0, "nobody waits");
});

test("reset does nothing when nobody waits", async () => {
  const { clock, timer } = timerOf(100, 100);
  timer.reset();
  assert.equal(clock.pending, 0);
  const waiting = timer.wait(new AbortController().signal);
  await clock.advance(100);
  assert.equal(await waiting, true);
  timer.reset();
  assert.equal(clock.pending, 0);
});

test("an abort ends the wait at once and leaves no timer", async () => {
  const { clock, timer } = timerOf(100);
  const stop = new AbortController();
  const waiting = timer.wait(stop.signal);
  stop.abort();
  assert.equal(await waiting, false);
  assert.equal(clock.pending, 0);
  assert.equal(await timer.wait(stop.signal), false);
});

test("another policy changes the wait from where it began, longer or shorter; when it is due is known", async () => {
  const { clock, timer } = timerOf(100);
  assert.equal(timer.dueAt, undefined);
  const waiting = timer.wait(new AbortController().signal);
  const startedAt = clock.now();
  assert.equal(timer.dueAt, startedAt + 100);
  await clock.advance(50);
  timer.changeTo(400);
  assert.equal(timer.dueAt, startedAt + 400);
  await clock.advance(249);
  timer.changeTo(300);
  assert.equal(await stateOf(waiting), "waiting");
  await clock.advance(1);
  assert.equal(await stateOf(waiting), true);
  assert.equal(timer.dueAt, undefined);
  assert.equal(clock.pending, 0);
});
