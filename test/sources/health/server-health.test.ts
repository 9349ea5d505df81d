import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  afterAnswer,
  afterFailure,
  afterHeadAnswered,
  afterRebalance,
  closesAtOnce,
  closingSince,
  closingsOf,
  downKeys,
  type Failing,
  type HealthRecords,
  isDown,
  isSilent,
  keepingListed,
  lastFoundAt,
  NO_RECORDS,
} from "../../../src/sources/health/server-health.ts";

const REFUSED: Failing = { closesAtOnce: false, isSilent: false };
const SILENT: Failing = { closesAtOnce: false, isSilent: true };
const CLOSED: Failing = { closesAtOnce: true, isSilent: false, closings: 2 };

const [A, B, C] = ["a", "b", "c"] as const;

/** A, B and C were found down at 10, 20 and 30 ms: refused, silent, and closed at once. */
const ALL_DOWN: HealthRecords = afterFailure(
  afterFailure(afterFailure(NO_RECORDS, A, REFUSED, 10), B, SILENT, 20),
  C,
  CLOSED,
  30,
);

suite("what is known of servers that were found down", () => {
  test("of a server that never failed nothing is known", () => {
    assert.equal(isDown(NO_RECORDS, A), false);
    assert.equal(lastFoundAt(NO_RECORDS, A), 0);
    assert.equal(closingsOf(NO_RECORDS, A), 0);
  });

  test("how, and when", () => {
    assert.deepEqual([...downKeys(ALL_DOWN)].toSorted(), [A, B, C]);
    assert.deepEqual(
      [A, B, C].map((key) => isSilent(ALL_DOWN, key)),
      [false, true, false],
    );
    assert.deepEqual(
      [A, B, C].map((key) => closesAtOnce(ALL_DOWN, key)),
      [false, false, true],
    );
    assert.deepEqual(
      [A, B, C].map((key) => lastFoundAt(ALL_DOWN, key)),
      [10, 20, 30],
    );
  });

  test("a value: what comes later changes none of it", () => {
    afterAnswer(afterHeadAnswered(ALL_DOWN, A), B, true);
    assert.deepEqual([...downKeys(ALL_DOWN)].toSorted(), [A, B, C]);
  });

  test("the number of closings stays, when it is not counted again", () => {
    assert.equal(closingsOf(afterFailure(ALL_DOWN, C, REFUSED, 40), C), 2);
    assert.equal(closingsOf(afterFailure(ALL_DOWN, C, { ...CLOSED, closings: 3 }, 40), C), 3);
  });

  test("servers that close at once count for as long as that is not long ago", () => {
    assert.equal(closingSince(ALL_DOWN, 30), 1);
    assert.equal(closingSince(ALL_DOWN, 31), 0);
  });
});

suite("an answer", () => {
  test("proves that a server that was refused or silent is up", () => {
    for (const key of [A, B]) {
      assert.equal(isDown(afterAnswer(ALL_DOWN, key, false), key), false);
    }
  });

  test("of a server that closes at once proves nothing, unless the connection lasts", () => {
    assert.equal(isDown(afterAnswer(ALL_DOWN, C, false), C), true);
    assert.equal(isDown(afterAnswer(ALL_DOWN, C, true), C), false);
  });

  test("to a rebalance proves all", () => {
    assert.equal(isDown(afterRebalance(ALL_DOWN, C), C), false);
  });
});

suite("a head that answers", () => {
  test("makes all that is known old: each server may be tried again, and still counts as one that failed", () => {
    const next = afterHeadAnswered(ALL_DOWN, undefined);
    assert.deepEqual([...downKeys(next)], []);
    assert.deepEqual(
      [A, B, C].map((key) => lastFoundAt(next, key)),
      [10, 20, 30],
    );
    assert.equal(isDown(afterFailure(next, A, REFUSED, 40), A), true);
  });

  test("but for the next server, when that is known to be down now", () => {
    assert.deepEqual([...downKeys(afterHeadAnswered(ALL_DOWN, B))], [B]);
    assert.deepEqual([...downKeys(afterHeadAnswered(NO_RECORDS, B))], []);
  });
});

test("a server that left the list is forgotten", () => {
  const left = keepingListed(ALL_DOWN, (key) => key !== B);
  assert.deepEqual([...downKeys(left)].toSorted(), [A, C]);
  assert.equal(lastFoundAt(left, B), 0);
});
