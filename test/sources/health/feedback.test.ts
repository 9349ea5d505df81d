/** What becomes of reports, with a list whose servers behave as told, under a fake clock. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type FailureReport, SourceLimits } from "../../../src/core/feedback.ts";
import type { PoolEvent } from "../../../src/core/journal-event.ts";
import type { RoutineEvent } from "../../../src/core/routine.ts";
import { wallTimeOf } from "../../../src/core/time/wall-time.ts";
import { Feedback } from "../../../src/sources/health/feedback.ts";
import { settled } from "../../support/fake-ports.ts";
import { end } from "../../support/lives.ts";
import { bench } from "./health-bench.ts";

const [A, B, C] = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"] as const;

async function reporting() {
  const made = await bench([A, B, C], { intervalMs: 40_000 });
  const { clock } = made.ports;
  const noted: Extract<PoolEvent, { kind: "feedback" }>[] = [];
  const observed: RoutineEvent[] = [];
  const feedback = new Feedback({
    proxy: made.proxy,
    clock,
    limits: new SourceLimits(),
    checker: () => made.monitor,
    note: (event) => {
      assert.equal(event.kind, "feedback");
      noted.push(event);
    },
    observe: (event) => {
      observed.push(event);
    },
  });
  let sources = 0;
  /** Each from a source of its own. */
  const report = (server: string, rest: Partial<FailureReport> = {}) =>
    feedback.report({ server, client: "web", source: String(sources++), ...rest });
  const verdict = async (server: string, rest: Partial<FailureReport> = {}) => {
    const answer = await report(server, rest);
    return answer.kind === "answered" ? `${answer.verdict}: ${answer.text}` : answer.kind;
  };
  return { ...made, clock, feedback, noted, observed, report, verdict, wall: () => wallTimeOf(clock) };
}

suite("a report", () => {
  test("that is refuted or confirmed is told with what the program says, also in the cause of the next head", async () => {
    const made = await reporting();
    const reason = "the connection was reset while the answer of the job was read";
    assert.match(
      await made.verdict(A, { client: "web-7", reason }),
      /^refuted: it answered the agent within/,
    );
    made.servers.set(A, "refusing");
    assert.match(await made.verdict(A, { client: "web-8", reason }), /^confirmed/);
    assert.equal(made.head(), B);
    assert.equal(
      made.proxy.snapshot().cause.reason,
      'connection refused, reported as "the connection was reset while the answe…"',
    );
    assert.deepEqual(
      made.noted.map(({ client, reason: said, server, verdict }) => [server, client, verdict, said]),
      [
        [A, "web-7", "refuted", reason],
        [A, "web-8", "confirmed", reason],
      ],
    );
    await end(made.monitor);
  });

  test("that joins a check is counted, and shares its event", async () => {
    const made = await reporting();
    await Promise.all(Array.from({ length: 100 }, () => made.report(A)));
    assert.equal(made.noted.length, 1);
    assert.equal(made.observed.filter(({ kind }) => kind === "reported").length, 100);
    await end(made.monitor);
  });

  test("that comes to the same as the last one is no news, for a minute", async () => {
    const made = await reporting();
    for (const pauseMs of [1_000, 1_000, 59_999, 60_000]) {
      await made.verdict(A);
      await made.clock.advance(pauseMs);
    }
    await made.verdict(A);
    assert.deepEqual(
      made.noted.map(({ isNews }) => isNews),
      [true, false, false, false, true],
    );
    await end(made.monitor);
  });

  test("of the next server has it pinged, within limits that the head's checks do not share", async () => {
    const made = await reporting();
    const before = made.servers.pinged.length;
    const texts = [];
    for (let report = 0; report < 20; report++) {
      texts.push(await made.verdict(B));
      await settled();
    }
    assert.equal(texts[0], "noted: it is the next server, and is asked now");
    assert.equal(texts.at(-1), "noted: it is the next server, and was asked a moment ago");
    const pinged = made.servers.pinged.length - before;
    assert.ok(pinged >= 1 && pinged <= 5, String(pinged));
    for (let report = 0; report < 20; report++) {
      assert.equal(await made.verdict(C), "noted: it is not the head");
    }
    assert.match(await made.verdict(A), /^refuted/);
    await end(made.monitor);
  });

  test("beyond five checks at once comes too soon, whoever sends it, and is counted", async () => {
    const made = await reporting();
    const verdicts = [];
    for (let report = 0; report < 6; report++) {
      verdicts.push(await made.verdict(A));
    }
    assert.equal(verdicts.at(-1), "too-soon");
    assert.equal(verdicts.filter((verdict) => verdict.startsWith("refuted")).length, 5);
    assert.deepEqual(made.observed.at(-1), { kind: "reported", verdict: "limited" });
    await end(made.monitor);
  });

  test("is outdated when it was seen before the server became head, or before it was found up", async () => {
    const made = await reporting();
    const start = made.wall();
    await made.clock.advance(5_000);
    assert.equal(
      await made.verdict(A, { observedAt: start - 1 }),
      "noted: outdated: it became the head after that",
    );
    assert.match(await made.verdict(A, { observedAt: start + 1_000 }), /^refuted/);
    await made.clock.advance(5_000);
    assert.equal(
      await made.verdict(A, { observedAt: start + 4_999 }),
      "noted: outdated: it was asked after that, and answered",
    );
    assert.match(await made.verdict(A, { observedAt: start + 5_001 }), /^refuted/);
    assert.match(await made.verdict(A, { observedAt: start + 3_600_000 }), /^refuted/);
    await end(made.monitor);
  });

  test("of a server that leaves the list during the check changes nothing", async () => {
    const made = await reporting();
    made.servers.set(A, "hanging");
    const verdict = made.verdict(A);
    await settled();
    made.proxy.removeServer(made.proxy.findServer() ?? assert.fail(), { source: "test" });
    await made.clock.advance(500);
    assert.match(await verdict, /^confirmed/);
    assert.equal(made.head(), B);
    assert.equal(made.proxy.snapshot().cause.occurrence, "server-removed");
    await end(made.monitor);
  });

  test("that several programs send in vain shows that they disagree", async () => {
    const made = await reporting();
    for (const client of ["one", "two", "three"]) {
      assert.equal(made.feedback.disagreeing(), undefined);
      await made.verdict(A, { client });
    }
    assert.deepEqual(made.feedback.disagreeing(), { server: A, clients: 3, since: made.clock.now() });
    await made.clock.advance(10_000);
    assert.equal(made.feedback.disagreeing(), undefined);
    await end(made.monitor);
  });
});
