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
