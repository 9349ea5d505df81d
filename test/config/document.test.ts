import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { documentValues } from "../../src/config/document.ts";
import { yamlValues } from "../../src/config/yaml-document.ts";

const valuesOrMistake = (read: typeof documentValues, text: string) => {
  try {
    return { values: read("agent.json", text) };
  } catch (error) {
    return { mistake: String(error) };
  }
};

const assertSame = (text: string) => {
  assert.deepEqual(valuesOrMistake(documentValues, text), valuesOrMistake(yamlValues, text), text);
};

test("JSON means what it means in YAML", () => {
  const key = fc.oneof(fc.constantFrom("pools", "<<", "__proto__", "constructor", "a.b", "*"), fc.string());
  const { object } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, fc.jsonValue({ maxDepth: 1 }), tie("object"), fc.array(tie("value"))),
    object: fc.dictionary(key, tie("value"), { maxKeys: 4 }),
  }));
  fc.assert(
    fc.property(object, fc.constantFrom(undefined, 2, "\t"), (values, indent) => {
      assertSame(JSON.stringify(values, null, indent));
    }),
    { numRuns: 300 },
  );
});

for (const [what, text] of [
  ["a key twice", '{"a":1,"a":2}'],
  ["a key twice, spelt differently", '{"a":1,"\\u0061":2}'],
  ["a merge", '{"<<":{"a":1},"b":2}'],
  ["a merge, spelt differently", '{"a":[{"\\u003c<":{"b":1}}]}'],
  ["a comma too much", '{"a":1,}'],
  ["a missing bracket", '{"a":[1}'],
  ["text behind it", '{"a":1} b'],
  ["a second document", '{"a":1}\n---\n{"b":2}'],
  ["YAML in brackets", "{a: 1, b: [x, y]}"],
  ["comments", '# a\n{"a":1}\n# b'],
  ["a byte order mark", '\uFEFF{"a":1}'],
  ["a list", "[1]"],
  ["nothing", ""],
  ["numbers", '{"a":1e400,"b":-0,"c":0.1,"d":12345678901234567890,"e":1E2}'],
  ["escapes", '{"a":"\\ud83d\\ude00\\/\\b\\u0000\\ud800"}'],
  ["a deep object", `${'{"a":'.repeat(40)}1${"}".repeat(40)}`],
] as const) {
  test(`as YAML has it: ${what}`, () => {
    assertSame(text);
  });
}

test("too deep an object is a mistake", () => {
  assert.throws(
    () => documentValues("agent.json", `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`),
    /Nested too deeply/,
  );
});
