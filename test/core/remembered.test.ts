/** What is remembered of servers does not grow with how many there ever were. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Sample, slopeOf } from "../support/slope.ts";

test("memory stays flat over 840,000 servers of a newer API", async (t) => {
  const program = fileURLToPath(new URL("../support/newer-servers.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", program, "12", "10"]);
  const samples = (JSON.parse(stdout) as Sample[]).slice(1);
  const slope = slopeOf(samples);
  t.diagnostic(`the heap grows by ${slope.toFixed(2)} bytes per server`);
  // An address that is remembered takes some 100 bytes.
  assert.ok(slope < 10, JSON.stringify(samples));
});
