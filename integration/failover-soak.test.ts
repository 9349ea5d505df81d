/** Eight seconds of `npm run soak`: on a machine with nothing idle, healthy servers keep their place. */
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
