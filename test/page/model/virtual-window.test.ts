import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pagesOf, rowsSeen } from "../../../src/page/model/virtual-window.ts";

test("a list of a hundred is made whole, wherever it is scrolled to", () => {
  assert.deepEqual(rowsSeen({ total: 100, rowHeight: 30, top: 2_000, height: 300 }), { first: 0, end: 100 });
});

test("of a longer one the rows that are seen are made, and few others", () => {
  const scroll = fc.record({
    total: fc.integer({ min: 101, max: 10_000 }),
    rowHeight: fc.integer({ min: 20, max: 60 }),
    top: fc.integer({ min: -100, max: 600_000 }),
    height: fc.integer({ min: 100, max: 2_000 }),
  });
  fc.assert(
    fc.property(scroll, (seen) => {
      const { end, first } = rowsSeen(seen);
      const { height, rowHeight, total } = seen;
      const top = Math.min(Math.max(0, seen.top), Math.max(0, total * rowHeight - height));
      const firstSeen = Math.floor(top / rowHeight);
      const lastSeen = Math.min(total - 1, Math.ceil((top + height) / rowHeight) - 1);
      assert.ok(0 <= first && first < end && end <= total);
      // Beyond the end of the list a browser does not stay.
      if (seen.top <= total * rowHeight - height) {
        assert.ok(first <= firstSeen && lastSeen < end, `${first}–${end}: ${firstSeen}–${lastSeen}`);
      }
      assert.ok(end - first <= height / rowHeight + 27);
    }),
  );
});

test("what is read has all rows that are made, in whole pages", () => {
  assert.deepEqual(pagesOf({ first: 0, end: 100 }), { offset: 0, limit: 128 });
  assert.deepEqual(pagesOf({ first: 127, end: 129 }), { offset: 0, limit: 256 });
  assert.deepEqual(pagesOf({ first: 9_990, end: 10_000 }), { offset: 9_984, limit: 128 });
  assert.deepEqual(pagesOf({ first: 0, end: 0 }), { offset: 0, limit: 128 });
});
