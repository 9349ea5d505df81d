/** Some seconds of `npm run soak`: on a machine with nothing idle, healthy servers keep their place. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runSoak } from "../scripts/lab/soak.ts";

test("healthy servers on a loaded machine: no head change, and answers all the time", async () => {
  const { counts, headChanges, lost, wrong } = await runSoak({ durationMs: 8_000, perSecond: 1_000 });
  assert.deepEqual(headChanges, []);
  assert.equal(wrong, 0);
  // A datagram may be lost where a process gets no turn for long.
  assert.ok(counts.answered > 1_000 && lost < counts.sent / 10, `${lost} of ${counts.sent} lost`);
});

/** A pause that the machine made longer than that may look like a hang, and rightly. */
const LONGEST_HARMLESS_PAUSE_MS = 155;

test("pauses of healthy servers, and stops of the agent itself, beside busy processes: no head change", async () => {
  const plan = { durationMs: 6_000, perSecond: 500, pauses: true, stopsMs: [1_000, 2_000] } as const;
  let soak = await runSoak(plan);
  for (let again = 0; again < 2 && soak.pauses.longestMs > LONGEST_HARMLESS_PAUSE_MS; again += 1) {
    soak = await runSoak(plan);
  }
  const { headChanges, pauses, stops, wrong } = soak;
  assert.ok(pauses.count >= 3 && stops.count >= 1, `${pauses.count} pauses, ${stops.count} stops`);
  assert.deepEqual(headChanges, [], `the longest pause took ${pauses.longestMs} ms`);
  assert.equal(wrong, 0);
});
