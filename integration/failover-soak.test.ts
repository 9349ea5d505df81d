/** Ten seconds of `npm run soak`: on a machine with nothing idle, healthy servers keep their place. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runSoak } from "./support/soak.ts";

test("healthy servers on a loaded machine: no head change, and every question is answered", async () => {
  const { counts, headChanges, lost, wrong } = await runSoak({ durationMs: 8_000, perSecond: 1_000 });
  assert.deepEqual(headChanges, []);
  assert.deepEqual({ lost, wrong }, { lost: 0, wrong: 0 });
  assert.ok(counts.sent > 1_000, `${counts.sent} questions`);
});
