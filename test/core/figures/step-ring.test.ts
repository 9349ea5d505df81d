import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { StepRing } from "../../../src/core/figures/step-ring.ts";

suite("a ring of steps", () => {
  test("has nothing at first, and no value for what was left out, is too old or is yet to come", () => {
    const ring = new StepRing(4);
    const none = undefined;
    assert.deepEqual(ring.upTo(1_000), [none, none, none, none]);
    ring.note(1_000, 1);
    ring.note(1_001, none);
    ring.note(1_003, 3);
    assert.deepEqual(ring.upTo(1_003), [1, none, none, 3]);
    assert.deepEqual(ring.upTo(1_002), [none, 1, none, none], "one of 999 would have been where 3 is");
    assert.deepEqual(ring.upTo(1_005), [none, 3, none, none]);
    assert.deepEqual(ring.upTo(9_003), [none, none, none, none]);
  });

  test("is what a list of all that was noted is, at its end", () => {
    const noted = fc.array(fc.record({ after: fc.integer({ min: 1, max: 9 }), value: fc.nat(99) }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), noted, fc.nat(9), (length, values, later) => {
        const ring = new StepRing(length);
        const all = new Map<number, number>();
        let step = 50;
        for (const { after, value } of values) {
          step += after;
          ring.note(step, value);
          all.set(step, value);
        }
        const last = step + later;
        const expected = Array.from({ length }, (_, index) => all.get(last - length + 1 + index));
        assert.deepEqual(ring.upTo(last), expected);
      }),
    );
  });
});
