import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { runInNewContext } from "node:vm";
import { dropLoadingLeftovers } from "../src/loading-leftovers.ts";

test("what nobody has any more goes, and V8 is set as before", async () => {
  const gone = new WeakRef({});
  // Until the end of a turn, V8 keeps what a reference was made to.
  await nextTurn();
  dropLoadingLeftovers();
  assert.equal(gone.deref(), undefined);
  assert.equal(runInNewContext("typeof gc"), "undefined");
});
