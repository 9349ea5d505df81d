/** Whether a silent server hangs: what was seen of others, in rows. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { secondOpinion, silentFailure, type Witness } from "../../../src/sources/health/second-opinion.ts";

const LATE_AT = 1_000;
const SILENCE = { lateAt: LATE_AT, silentMs: 156.2, usualMs: 0.52 };
const UP = { phase: "up", since: 0 } as const;

function witness(over: Partial<Witness> = {}): Witness {
  return { name: "b:1", state: UP, lastAnswer: { at: LATE_AT + 1, tookMs: 0.64, isLate: false }, ...over };
}

suite("a second opinion", () => {
  const rows: readonly (readonly [name: string, witnesses: readonly Witness[], hangs: boolean])[] = [
    ["nobody else is asked", [], false],
    ["another one answered meanwhile", [witness()], true],
    [
      "it answered before the answer was late",
      [witness({ lastAnswer: { at: LATE_AT - 1, tookMs: 0.6, isLate: false } })],
      false,
    ],
    [
      "it was asked before",
      [witness({ lastAnswer: { at: LATE_AT + 30, tookMs: 31, isLate: false } })],
      false,
    ],
    ["it has never answered", [witness({ lastAnswer: undefined })], false],
    [
      "it answered, and later than usual",
      [witness({ lastAnswer: { at: LATE_AT + 80, tookMs: 80, isLate: true } })],
      false,
    ],
    [
      "it takes so long as a rule",
      [witness({ lastAnswer: { at: LATE_AT + 80, tookMs: 80, isLate: false } })],
      true,
    ],
    ["it has failed since", [witness({ state: { phase: "down", since: 0, reason: "refused" } })], false],
    ["it is being connected to", [witness({ state: { phase: "connecting" } })], false],
    ["it is not watched", [witness({ state: undefined })], false],
    ["of several one answered", [witness({ lastAnswer: undefined }), witness({ name: "c:1" })], true],
  ];
  for (const [name, witnesses, hangs] of rows) {
    test(name, () => {
      assert.equal(secondOpinion(SILENCE, witnesses) !== undefined, hangs);
    });
  }

  test("is told with its evidence", () => {
    const evidence = { silentMs: 156.2, usualMs: 0.52, witness: "b:1", witnessMs: 0.64 };
    assert.deepEqual(secondOpinion(SILENCE, [witness()]), evidence);
    const { code, isSilent, reason } = silentFailure(evidence);
    assert.deepEqual([code, isSilent], ["timeout", true]);
    assert.equal(
      reason,
      "no answer within 156 ms (usually 0.5 ms), asked twice, while b:1 answered in 0.6 ms",
    );
    assert.equal(
      silentFailure({ ...evidence, usualMs: undefined, witnessMs: 40.3 }).reason,
      "no answer within 156 ms, asked twice, while b:1 answered in 40 ms",
    );
  });
});
