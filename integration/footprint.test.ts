/** What the built agent takes to start and to run. Figures: docs/footprint.md. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PROGRAM } from "../scripts/lab/first-answer.ts";
import { emptyFootprint, measure } from "../scripts/lab/footprint.ts";

test("starts within a few times what Node alone takes, and stays small", async () => {
  const found = emptyFootprint();
  for (let round = 0; round < 5; round += 1) {
    await measure(PROGRAM, found);
  }
  const text = JSON.stringify(found);
  const alone = Math.min(...found.nodeAloneMs);
  // Measured: 1.6, 8 and 8 times, 90 MB and 42 MB. A thousand files take 2, 16 and 20 times, 126 MB and 73 MB.
  assert.ok(Math.min(...found.versionMs) < 3 * alone, text);
  assert.ok(Math.min(...found.rememberedMs) < 13 * alone, text);
  assert.ok(Math.min(...found.configuredMs) < 14 * alone, text);
  assert.ok(Math.min(...found.residentMb) < 110, text);
  assert.ok(Math.min(...found.privateMb) < 58, text);
});
