/** How long an answer is waited for: learned from round trips, in rows. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { afterRoundTrip, patienceWith, type RoundTrips } from "../../../src/sources/health/patience.ts";

const MINUTE = 60_000;

/** After answers at these times that took so long; `[at, tookMs]`. */
function learned(...answers: readonly (readonly [number, number])[]): RoundTrips | undefined {
  return answers.reduce<RoundTrips | undefined>(
    (known, [now, tookMs]) => afterRoundTrip(known, tookMs, { now, timeoutMs: 500 }),
    undefined,
  );
}

suite("when a server's answer is late, and when it is silent", () => {
  const rows: readonly {
    readonly name: string;
    readonly answers: readonly (readonly [number, number])[];
    readonly now?: number;
    readonly timeoutMs?: number;
    readonly late: number;
    readonly silent: number;
  }[] = [
    { name: "nothing is known of it", answers: [], late: 250, silent: 500 },
    { name: "nearby", answers: [[0, 0.5]], late: 77.5, silent: 155 },
    { name: "on another continent", answers: [[0, 100]], late: 150, silent: 200 },
    { name: "as slow as a ping may be", answers: [[0, 400]], late: 500, silent: 500 },
    { name: "slow: it is not asked twice each time", answers: [[0, 300]], late: 450, silent: 500 },
    {
      name: "it made a pause once",
      answers: [
        [0, 1],
        [1_000, 120],
        [1_100, 1],
      ],
      now: 1_100,
      late: 180,
      silent: 240,
    },
    {
      name: "the longest pause counts",
      answers: [
        [0, 150],
        [0, 60],
        [0, 1],
      ],
      late: 225,
      silent: 300,
    },
    {
      name: "ten minutes after a pause",
      answers: [
        [0, 120],
        [10 * MINUTE, 1],
      ],
      now: 10 * MINUTE,
      late: 90,
      silent: 155,
    },
    {
      name: "an hour after it",
      answers: [
        [0, 120],
        [60 * MINUTE, 1],
      ],
      now: 60 * MINUTE,
      late: 77.5,
      silent: 155,
    },
    { name: "no ping may take so long", answers: [[0, 1]], timeoutMs: 100, late: 50, silent: 100 },
    { name: "an answer that waited behind a large one", answers: [[0, 9_000]], late: 500, silent: 500 },
    {
      name: "a longer time limit, and a far server",
      answers: [[0, 300]],
      timeoutMs: 2_000,
      late: 450,
      silent: 600,
    },
    {
      name: "a longer time limit, and a near one",
      answers: [[0, 2]],
      timeoutMs: 2_000,
      late: 77.5,
      silent: 155,
    },
  ];
  for (const { answers, late, name, now = 0, silent, timeoutMs = 500 } of rows) {
    test(name, () => {
      const { lateMs, silentMs } = patienceWith(learned(...answers), timeoutMs, now);
      assert.deepEqual([round(lateMs), round(silentMs)], [late, silent]);
    });
  }
});

/** A half-life is a power of two only when it is over. */
function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

test("what is usual follows the answers, each by an eighth", () => {
  assert.equal(learned([0, 8])?.usualMs, 8);
  assert.equal(learned([0, 8], [1, 16])?.usualMs, 9);
  const many = Array.from({ length: 60 }, (_, i) => [i, 2] as const);
  assert.ok(Math.abs((learned([0, 100], ...many)?.usualMs ?? 0) - 2) < 0.1);
  assert.equal(patienceWith(undefined, 500, 0).usualMs, undefined);
});

test("a pause that is seen again and again stays known: a server that pauses for 120 ms every five minutes", () => {
  let known: RoundTrips | undefined;
  for (let now = 0; now < 24 * 60 * MINUTE; now += 1_000) {
    known = afterRoundTrip(known, now % (5 * MINUTE) === 0 ? 120 : 1, { now, timeoutMs: 500 });
    assert.ok(patienceWith(known, 500, now).silentMs > 165);
  }
});
