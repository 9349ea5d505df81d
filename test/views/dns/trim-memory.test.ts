/** Memory that the C library keeps for later, in the process that serves DNS. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { until } from "../../../scripts/lab/until.ts";
import { dropLoadingLeftovers } from "../../../src/loading-leftovers.ts";
import { serving } from "./serving.ts";

const PIECES = 800;
/** Below the size from which the C library asks the system for each piece. */
const PIECE_BYTES = 100_000;

/** Frees all pieces but the last: what lies before it can't go back by itself. */
async function lastOfMany(): Promise<ArrayBuffer | undefined> {
  const last = Array.from({ length: PIECES }, () => new ArrayBuffer(PIECE_BYTES)).at(-1);
  await nextTurn();
  dropLoadingLeftovers();
  return last;
}

test("goes back to the system when it is told to, and DNS is served on", async (t) => {
  const { dns } = await serving(t, {});
  const last = await lastOfMany();
  const before = process.memoryUsage.rss();
  dns.trimMemory();
  await until(() => process.memoryUsage.rss() < before - (PIECES * PIECE_BYTES) / 2);
  assert.equal(last?.byteLength, PIECE_BYTES);
  assert.equal(dns.state().kind, "serving");
});
