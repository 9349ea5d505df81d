import assert from "node:assert/strict";
import { ConnectionError, type ErrorCode } from "../../../src/net/connection/connection-error.ts";

/** Far more than any step on loopback needs; reached only by what never comes. */
export const IN_TIME = { timeoutMs: 10_000 };

/** Long enough for a connection on a busy machine, short enough to wait for in a test. */
export const BRIEFLY = { timeoutMs: 250 };

/** For `assert.rejects`: a `ConnectionError` with this code. */
export function failsWith(code: ErrorCode): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof ConnectionError, `expected a ConnectionError, got ${String(error)}`);
    assert.equal(error.code, code, error.message);
    return true;
  };
}

/** Resolves when the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  const endsAt = performance.now() + IN_TIME.timeoutMs;
  while (!condition()) {
    assert.ok(performance.now() < endsAt, `never came true: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
