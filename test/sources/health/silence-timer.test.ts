/** How long an answer is missing, as the process that waits lived through it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SilenceTimer } from "../../../src/sources/health/silence-timer.ts";
import { FakeClock } from "../../support/fake-ports.ts";

function timed(lateMs = 77.5, silentMs = 155) {
  const clock = new FakeClock();
  const told: (readonly [string, number])[] = [];
  const timer = new SilenceTimer({
    clock,
    lateMs,
    silentMs,
    onLate: () => told.push(["late", clock.now()]),
    onSilent: () => told.push(["silent", clock.now()]),
  });
  return { clock, told, timer };
}

test("late once, silent again and again, until it ends; it leaves no timer", async () => {
  const { clock, timer, told } = timed();
  await clock.advance(180);
  assert.deepEqual(told, [
    ["late", 78],
    ["silent", 155],
    ["silent", 165],
    ["silent", 175],
  ]);
  assert.equal(timer.livedMs(), 180);
  timer.end();
  assert.equal(clock.pending, 0);
  await clock.advance(100);
  assert.equal(told.length, 4);
});

test("a stall counts as one beat, and nobody is silent at the moment in which it ends", async () => {
  for (const stallAt of [0, 10, 31, 60, 100, 140, 154, 170]) {
    const { clock, timer, told } = timed();
    await clock.advance(stallAt);
    const before = told.length;
    clock.freeze(60_000);
    assert.ok(timer.livedMs() <= stallAt + 36, `${stallAt}: ${timer.livedMs()} ms`);
    await clock.advance(0);
    assert.deepEqual(
      told.slice(before).filter(([what]) => what === "silent"),
      [],
      `a stall after ${stallAt} ms`,
    );
    await clock.advance(200);
    assert.equal(told.at(-1)?.[0], "silent", "it goes on after the stall");
    timer.end();
  }
});

test("what ends it in the turn of a beat is heard first: an answer that arrived is read before anything is told", async () => {
  const { clock, timer, told } = timed();
  clock.after(155, () => {
    timer.end();
  });
  await clock.advance(1_000);
  assert.deepEqual(told, [["late", 78]]);
});

test("what is told of being late may end it", async () => {
  const clock = new FakeClock();
  const timer: SilenceTimer = new SilenceTimer({
    clock,
    lateMs: 10,
    silentMs: 20,
    onLate: () => {
      timer.end();
    },
    onSilent: () => assert.fail("it has ended"),
  });
  await clock.advance(100);
  assert.equal(clock.pending, 0);
});
