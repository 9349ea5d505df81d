import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { LeftOut } from "../../src/core/left-out.ts";

const entries = (...ids: string[]) => ids.map((id) => ({ id, reason: `${id} is bad` }));

suite("what is left out", () => {
  test("is told once while it stays, in whatever order", () => {
    const leftOut = new LeftOut();
    assert.equal(leftOut.news(entries("a", "b"), 0), "a: a is bad; b: b is bad");
    assert.equal(leftOut.news(entries("b", "a"), 100_000), undefined);
    assert.equal(leftOut.news(entries("a"), 200_000), undefined);
  });

  test("is told again when it was gone and is back", () => {
    const leftOut = new LeftOut();
    leftOut.news(entries("a"), 0);
    assert.equal(leftOut.news([], 60_000), undefined);
    assert.equal(leftOut.news(entries("a"), 60_001), "a: a is bad");
  });

  test("is told by its first three, with the number of the others", () => {
    const leftOut = new LeftOut();
    assert.match(leftOut.news(entries("a", "b", "c", "d", "e"), 0) ?? "", /^a: .* c is bad; and 2 more$/);
    assert.equal(leftOut.news(entries("a", "b", "c", "d", "e", "f"), 60_000), "f: f is bad; and 5 more");
  });

  test("makes one line a minute, which has what was new in between", () => {
    const leftOut = new LeftOut();
    leftOut.news(entries("a"), 0);
    assert.equal(leftOut.news(entries("a", "b"), 59_999), undefined);
    assert.equal(leftOut.news(entries("a", "b"), 60_000), "b: b is bad; and 1 more");
    for (let at = 60_001; at < 120_000; at += 500) {
      assert.equal(leftOut.news(entries(`c${at}`), at), undefined);
    }
  });
});
