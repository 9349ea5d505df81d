import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setImmediate as later } from "node:timers/promises";
import { SharedAnswers } from "../../../src/views/http/shared-answers.ts";

/** Makes another text each time. */
function maker() {
  let made = 0;
  return () => {
    made += 1;
    return `text ${made}`;
  };
}

suite("shared answers", () => {
  test("are made once for each key in what one callback brings about, and anew in the next", async () => {
    const shared = new SharedAnswers();
    const make = maker();
    assert.equal(shared.of("a", make), "text 1");
    await Promise.resolve();
    await Promise.resolve();
    assert.equal(shared.of("a", make), "text 1");
    assert.equal(shared.of("b", make), "text 2");
    await later();
    assert.equal(shared.of("a", make), "text 3");
  });

  test("are tried again when they could not be made", () => {
    const shared = new SharedAnswers();
    const fail = () => {
      throw new Error("no such pool");
    };
    assert.throws(() => shared.of("a", fail), /no such pool/);
    assert.equal(shared.of("a", maker()), "text 1");
  });
});
