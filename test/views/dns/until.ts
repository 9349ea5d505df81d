import assert from "node:assert/strict";

/** Waits for a condition; fails when it does not come true within ten seconds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await condition()); ) {
    assert.ok(Date.now() < deadline, "not within 60 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
