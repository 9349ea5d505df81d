import assert from "node:assert/strict";
import { test } from "node:test";
import { Penalties } from "../../../src/sources/health/penalties.ts";
import { FakeClock } from "../../support/fake-ports.ts";

test("a server that never failed has no penalty", () => {
  assert.equal(new Penalties(new FakeClock()).remainingMs("a"), 0);
});

test("the penalty doubles with each failure up to the cap, and runs from the last failure", async () => {
  const clock = new FakeClock();
  const penalties = new Penalties(clock);
  const remaining: number[] = [];
  for (let failure = 0; failure < 6; failure++) {
    penalties.add("a");
    remaining.push(penalties.remainingMs("a"));
    await clock.advance(1_000);
  }
  assert.deepEqual(remaining, [30_000, 60_000, 120_000, 240_000, 480_000, 480_000]);
  assert.equal(penalties.remainingMs("a"), 479_000);
  assert.equal(penalties.remainingMs("b"), 0);
});

test("a quarter of an hour without a failure is a new start", async () => {
  const clock = new FakeClock();
  const penalties = new Penalties(clock);
  penalties.add("a");
  penalties.add("a");
  await clock.advance(900_000);
  penalties.add("a");
  assert.equal(penalties.remainingMs("a"), 30_000);
});

test("of very many servers that fail, those that failed last are remembered", () => {
  const penalties = new Penalties(new FakeClock());
  for (let server = 0; server < 10_001; server++) {
    penalties.add(`s${server}`);
  }
  assert.equal(penalties.remainingMs("s0"), 0);
  assert.equal(penalties.remainingMs("s1"), 30_000);
  penalties.add("s1");
  penalties.add("other");
  assert.deepEqual([penalties.remainingMs("s1"), penalties.remainingMs("s2")], [60_000, 0]);
});
