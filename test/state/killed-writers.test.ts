import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { killedWriters } from "../../scripts/lab/killed-writers.ts";
import { seededRandom } from "../../scripts/lab/seeded-random.ts";

test("a writer that is killed at any moment leaves a whole file behind, and a newer one than before", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "headwaiter-kills-"));
  t.after(() => {
    rmSync(directory, { recursive: true });
  });
  const { unusable, withinAWrite } = await killedWriters(directory, 12, seededRandom(1));
  assert.deepEqual(unusable, []);
  assert.ok(withinAWrite > 0, "no kill hit a write");
});
