import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { MostRecent } from "../../src/core/most-recent.ts";

suite("the most recently used", () => {
  test("one more takes the place of the one that was unused longest", () => {
    const things = new MostRecent<string>(3);
    assert.deepEqual(
      ["a", "b", "c"].map((thing) => things.add(thing)),
      [undefined, undefined, undefined],
    );
    things.used("a");
    assert.equal(things.add("d"), "b");
    assert.deepEqual([...things], ["c", "a", "d"]);
  });

  test("what has left does not come back by being used, and makes room", () => {
    const things = new MostRecent<string>(2);
    things.add("a");
    things.add("b");
    things.delete("a");
    things.used("a");
    assert.equal(things.add("c"), undefined);
    assert.deepEqual([...things], ["b", "c"]);
  });
});
