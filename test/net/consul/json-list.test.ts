import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { splitList } from "../../../src/net/consul/json-list.ts";

const split = (text: string, most = 1_000) => {
  const list = splitList(Buffer.from(text), most);
  return list && { ...list, entries: list.entries.map((entry) => entry.toString("utf8").trim()) };
};

suite("a JSON list in its entries", () => {
  test("has what JSON.parse finds in it, whatever it holds and however it is indented", () => {
    const space = fc.constantFrom("", " ", "\n", "\t", "  \r\n ");
    fc.assert(
      fc.property(fc.array(fc.json()), space, (entries, blank) => {
        const text = `${blank}[${blank}${entries.join(`${blank},${blank}`)}${blank}]${blank}`;
        assert.deepEqual(split(text), { entries, length: entries.length });
      }),
    );
  });

  test("ends with the number of entries that are wanted, and counts the others", () => {
    assert.deepEqual(split("[1,2,3]", 2), { entries: ["1", "2"], length: 3 });
  });

  const lists: [text: string, entries: readonly string[]][] = [
    ["[]", []],
    [' [ "a,b]" ,{"]":"\\"[,"} , [[],{}]]', ['"a,b]"', '{"]":"\\"[,"}', "[[],{}]"]],
    ['["\\\\","\\\\\\""]', ['"\\\\"', '"\\\\\\""']],
    ["[1,]", ["1", ""]],
    ["[,1]", ["", "1"]],
  ];
  for (const [text, entries] of lists) {
    test(text, () => {
      assert.deepEqual(split(text), { entries, length: entries.length });
    });
  }

  for (const text of ["", " ", "null", "{}", '"[]"', "1"]) {
    test(`${JSON.stringify(text)} is none`, () => {
      assert.equal(split(text), undefined);
    });
  }

  for (const text of [
    "[",
    "[1",
    "[1,",
    '["a',
    '["a\\"]',
    "[[]",
    "[{]",
    "[]]",
    "[] x",
    "[1]{}",
    "[}]",
    "[}",
    '["\\',
  ]) {
    test(`${text} has no end, or more than one`, () => {
      assert.throws(() => split(text), SyntaxError);
    });
  }
});
