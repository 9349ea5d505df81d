import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { until, untilSeen } from "../../scripts/lab/until.ts";

suite("a wait for a condition", () => {
  test("ends with the first look that finds it true", async () => {
    let looks = 0;
    const tookMs = await until(() => ++looks === 3);
    assert.equal(looks, 3);
    assert.ok(tookMs > 0);
  });

  test("looks once at least, and fails when the time is over with what is waited for", async () => {
    let looks = 0;
    const never = () => {
      looks += 1;
      return false;
    };
    await assert.rejects(until(never, "rain", -1), new Error("not within -1 ms: rain"));
    assert.equal(looks, 1);
    await assert.rejects(
      until(never, () => ({ looks }), -1),
      new Error('not within -1 ms: {"looks":2}'),
    );
    await assert.rejects(until(never, undefined, -1), /^Error: not within -1 ms: \(\) => \{/);
  });

  test("fails at once with the error of a look", async () => {
    const error = new Error("the child is gone");
    await assert.rejects(
      until(() => Promise.reject(error)),
      (thrown) => thrown === error,
    );
  });

  test("for something to see: fails with what was seen last", async () => {
    let seen = 0;
    const see = () => Promise.resolve(++seen);
    assert.ok((await untilSeen("three", 10_000, see, (number) => number === 3)) > 0);
    await assert.rejects(
      untilSeen("more", -1, see, () => false),
      new Error("not within -1 ms: more; seen last: 4"),
    );
  });
});
