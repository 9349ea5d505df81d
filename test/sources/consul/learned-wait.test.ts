import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  afterAnsweredWait,
  afterEarlyEnd,
  allowedWaitMs,
  endedEarly,
  isNewLimit,
  type LearnedWait,
  UNLIMITED_WAIT,
} from "../../../src/sources/consul/learned-wait.ts";

suite("a query that failed", () => {
  const rows: [what: string, index: number, tookMs: number, brokenOff: boolean, early: boolean][] = [
    ["a gateway's 504, or a closed connection, after 6 s of waiting", 10, 6_000, true, true],
    ["the same after a second", 10, 1_000, true, true],
    ["the same after three minutes", 10, 180_000, true, true],
    ["a gateway that reaches nobody", 10, 3, true, false],
    ["a connection that is reset at once", 10, 999, true, false],
    ["a gateway that takes 6 s for a query that was not to wait", 0, 6_000, true, false],
    ["Consul's own 500 after 10 s: no leader", 10, 10_000, false, false],
    ["a deadline that passed, a refused connection, a 403", 10, 74_000, false, false],
  ];
  for (const [what, index, tookMs, brokenOff, early] of rows) {
    test(`${what}: ${early ? "ended early" : "an outage"}`, () => {
      assert.equal(endedEarly({ index, tookMs, brokenOff }), early);
    });
  }
});

suite("the wait after early ends", () => {
  const rows: [endsMs: readonly number[], waitMs: number, why: string][] = [
    [[], 60_000, "none"],
    [[6_000], 60_000, "one may be an accident"],
    [[6_000, 6_000], 4_800, "80% of what was too long"],
    [[6_000, 7_000], 4_800, "of the shorter one"],
    [[6_000, 30_000], 60_000, "two accidents"],
    [[6_000, 30_000, 29_000], 23_200, "an accident and one limit"],
    [[6_000, 6_000, 3_000, 3_000], 2_400, "a shorter limit"],
    [[1_000, 1_000], 800, "the shortest limit there is"],
    [[59_000, 59_000], 47_200, "little less than the wait"],
  ];
  for (const [endsMs, waitMs, why] of rows) {
    test(`${endsMs.join(", ")} is ${waitMs}: ${why}`, () => {
      const wait = endsMs.reduce<LearnedWait>((before, end) => afterEarlyEnd(before, end, 0), UNLIMITED_WAIT);
      assert.equal(allowedWaitMs(wait, 60_000, 0), waitMs);
      // Consul adds up to a sixteenth: its answer comes before the end.
      assert.ok(waitMs === 60_000 || (waitMs * 17) / 16 < Math.min(...endsMs.slice(-2)));
    });
  }

  const limited: LearnedWait = { endedAfterMs: 6_000, limitMs: 4_800, learnedAt: 1_000 };
  test("is never longer than wanted", () => {
    assert.equal(allowedWaitMs(limited, 3_000, 1_000), 3_000);
  });
  test("is as wanted again after an hour, until the first early end", () => {
    assert.equal(allowedWaitMs(limited, 60_000, 3_600_999), 4_800);
    assert.equal(allowedWaitMs(limited, 60_000, 3_601_000), 60_000);
    const relearned = afterEarlyEnd(limited, 6_200, 3_700_000);
    assert.equal(allowedWaitMs(relearned, 60_000, 3_700_000), 4_800);
    assert.equal(isNewLimit(limited, relearned), false);
  });
  test("is without a limit when one waited clearly longer", () => {
    assert.equal(afterAnsweredWait(limited, 5_100), limited);
    assert.equal(afterAnsweredWait(limited, 6_500), limited);
    assert.equal(afterAnsweredWait(limited, 8_000), UNLIMITED_WAIT);
    assert.equal(isNewLimit(limited, UNLIMITED_WAIT), true);
    assert.equal(isNewLimit(UNLIMITED_WAIT, limited), true);
    assert.equal(isNewLimit(UNLIMITED_WAIT, UNLIMITED_WAIT), false);
  });
});
