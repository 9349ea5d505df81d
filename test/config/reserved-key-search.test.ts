import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { reservedKeyIn } from "../../src/config/reserved-keys.ts";

suite("a key that every object has already", () => {
  const rows: [string, readonly string[] | undefined][] = [
    ['{"a": {"b": [1, "__proto__", null]}}', undefined],
    ['{"__proto__": 1}', ["__proto__"]],
    ['{"a": [{}, {"constructor": null}]}', ["a", "1", "constructor"]],
    ['[{"a": {"prototype": {}}}]', ["0", "a", "prototype"]],
    ['"__proto__"', undefined],
  ];
  for (const [text, path] of rows) {
    test(text, () => {
      assert.deepEqual(reservedKeyIn(JSON.parse(text)), path);
    });
  }

  test("is found at any depth, and a circle ends the search", () => {
    const depth = 200_000;
    const values: unknown = JSON.parse(`${"[".repeat(depth)}{"__proto__":1}${"]".repeat(depth)}`);
    assert.equal(reservedKeyIn(values)?.at(-1), "__proto__");
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    assert.equal(reservedKeyIn(circle), undefined);
  });
});
