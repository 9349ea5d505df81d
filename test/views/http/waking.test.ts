import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Waking } from "../../../src/views/http/waking.ts";
import { FakeClock } from "../../support/fake-ports.ts";

function wakingOf(readers: number) {
  const clock = new FakeClock();
  const waking = new Waking(clock);
  const woken: number[] = [];
  for (let nth = 0; nth < readers; nth += 1) {
    waking.add(() => woken.push(nth));
  }
  return { clock, waking, woken };
}

suite("waking readers", () => {
  test("8 are woken in the same turn, and 8 more after each millisecond, in order", async () => {
    const { clock, woken } = wakingOf(20);
    assert.equal(woken.length, 0);
    await Promise.resolve();
    assert.equal(woken.length, 8);
    await clock.advance(1);
    assert.equal(woken.length, 16);
    await clock.advance(1);
    assert.deepEqual(
      woken,
      Array.from({ length: 20 }, (_, nth) => nth),
    );
    assert.equal(clock.pending, 0);
  });

  test("who comes while others are woken has the next turn; who comes later begins anew", async () => {
    const { clock, waking, woken } = wakingOf(10);
    await Promise.resolve();
    waking.add(() => woken.push(10));
    await clock.advance(1);
    assert.equal(woken.length, 11);
    waking.add(() => woken.push(11));
    await Promise.resolve();
    assert.equal(woken.length, 12);
  });
});
