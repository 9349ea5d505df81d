import assert from "node:assert/strict";
import { test } from "node:test";
import type { PingResult } from "../../../src/core/routine.ts";
import { ConnectionError, type ErrorCode } from "../../../src/net/connection/connection-error.ts";
import { observedPing, pingResultOf } from "../../../src/net/connection/ping-result.ts";

const RESULTS: Readonly<Record<ErrorCode, PingResult>> = {
  "connection-refused": "refused",
  unreachable: "refused",
  "connection-reset": "closed",
  "connection-closed": "closed",
  "transport-failed": "closed",
  "local-exhaustion": "local",
  "connect-timeout": "timeout",
  "call-timeout": "timeout",
  "permission-denied": "ok",
  "no-leader": "ok",
  "unknown-method": "ok",
  "application-error": "ok",
  "no-path-to-region": "unusable",
  "malformed-message": "unusable",
  "message-too-large": "unusable",
  "unexpected-answer": "unusable",
  "tls-no-client-certificate": "tls",
  "tls-client-certificate-rejected": "tls",
  "tls-wrong-authority": "tls",
  "tls-wrong-name": "tls",
  "tls-certificate-expired": "tls",
  "tls-not-spoken": "tls",
  "tls-failed": "tls",
};

for (const [code, result] of Object.entries(RESULTS) as [ErrorCode, PingResult][]) {
  test(`a ping that fails with ${code} counts as ${result}`, () => {
    assert.equal(pingResultOf(new ConnectionError(code, "10.0.0.1:1", "…")), result);
  });
}

test("a time limit of whoever asked is one; an answer that is no longer wanted counts as nothing", () => {
  assert.equal(pingResultOf(new Error("no answer within 500 ms")), "timeout");
  assert.equal(pingResultOf(AbortSignal.abort().reason), undefined);
});

test("an observed ping ends as it would unobserved", async () => {
  const results: PingResult[] = [];
  const observe = (result: PingResult) => results.push(result);
  await observedPing(Promise.resolve(), observe);
  const error = new ConnectionError("call-timeout", "10.0.0.1:1", "…");
  await assert.rejects(observedPing(Promise.reject(error), observe), error);
  await assert.rejects(observedPing(Promise.reject(AbortSignal.abort().reason as Error), observe));
  assert.deepEqual(results, ["ok", "timeout"]);
});
