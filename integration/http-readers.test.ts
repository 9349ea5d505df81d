/** Readers of HTTP, many, slow and silent: DNS answers as without them, and memory stays. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { median } from "../scripts/lab/median.ts";
import { READERS, type ReaderRound, type RoundKind, readerRounds } from "../scripts/lab/reader-rounds.ts";

/** `scripts/bench/readers.ts` holds more and longer ones: these see what is grossly wrong. */
const ROUNDS = { kinds: ["calm", "waiting", "changing", "told"], rounds: 4, roundMs: 600 } as const;

/** As programs that are of less importance on the node than the agent. */
const READERS_NICE = 10;

test("64 that wait and 32 streams, 8 of them never read: DNS loses nothing and stays fast", async (t) => {
  const seen = await readerRounds({ ...ROUNDS, readersNice: READERS_NICE });
  const of = (kind: RoundKind, figure: (round: ReaderRound) => number) =>
    median((seen.get(kind) ?? []).map(figure));
  const p99 = (kind: RoundKind) => of(kind, ({ p99Ms }) => p99Ms);
  const perEvent = (kind: RoundKind) => of(kind, ({ events, main }) => main.cpuMs / events);
  const [first, ...more] = [...seen.values()].flat().map(({ residentMb }) => residentMb);
  const grownMb = Math.max(...more) - (first ?? 0);
  t.diagnostic(
    `p99 alone ${p99("calm").toFixed(2)} ms, while readers wait ${p99("waiting").toFixed(2)} ms; ` +
      `with 10 changes a second ${p99("changing").toFixed(2)} ms, while all are told ${p99("told").toFixed(2)} ms; ` +
      `a change costs ${perEvent("changing").toFixed(1)} ms of CPU, and ${perEvent("told").toFixed(1)} ms with readers; ` +
      `${grownMb.toFixed(0)} MB more`,
  );
  for (const { lost } of [...seen.values()].flat()) {
    assert.equal(lost, 0);
  }
  const told = seen.get("told") ?? [];
  const sum = (figure: (round: ReaderRound) => number) =>
    told.reduce((total, round) => total + figure(round), 0);
  const [answers, events] = [sum((round) => round.answers), sum((round) => round.events)];
  // Who is not back when the next event comes hears of both in one answer.
  assert.ok(answers > (READERS.waiters * events) / 2, `${answers} answers to ${events} events`);
  // Two cores for the agent, its readers and the one who asks: room for their waits for each other.
  for (const [beside, without] of [
    ["waiting", "calm"],
    ["told", "changing"],
  ] as const) {
    assert.ok(
      p99(beside) < 4 * p99(without) + 25,
      `${beside}: ${p99(beside)} ms, ${p99(without)} ms without`,
    );
  }
  assert.ok(perEvent("told") < 12 * perEvent("changing"), "what all are told is made once");
  assert.ok(grownMb < 80, `${grownMb} MB`);
});
