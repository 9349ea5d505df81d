import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { headReasonStrings } from "../../../src/views/dns/zone/head-reason.ts";
import { snapshot } from "./pools.ts";

const FAILED = {
  occurrence: "server-failed",
  source: "health",
  server: "10.0.0.9:4647",
  reason: "connection refused",
} as const;

describe("the reason for the head", () => {
  test("is none without a head", () => {
    assert.deepEqual(headReasonStrings(snapshot([]), "empty"), []);
  });

  test("is told as name=value strings", () => {
    const list = snapshot(["10.0.0.2"], { cause: FAILED, revision: 3 });
    assert.deepEqual(headReasonStrings(list, "live"), [
      "head=10.0.0.2:4647",
      "tier=primary",
      "state=live",
      "since=2026-11-22T12:00:00.000Z",
      "revision=3",
      "why=10.0.0.9:4647 failed: connection refused; 10.0.0.2:4647 was next",
      "cause=server-failed",
      "source=health",
      "server=10.0.0.9:4647",
      "reason=connection refused",
    ]);
  });

  test("holds printable ASCII of at most 255 bytes a string, whatever the reason says", () => {
    const told = (reason: string): string =>
      headReasonStrings(
        snapshot(["10.0.0.1"], { cause: { occurrence: "server-failed", source: "api", reason } }),
        "live",
      ).at(-1) ?? "";
    assert.equal(told("a\u001b[2J\\é\n"), "reason=a\\027[2J\\\\\\195\\169\\010");
    assert.equal(told("x".repeat(300)).length, 255);
    assert.equal(told(`${"x".repeat(246)}\n`), `reason=${"x".repeat(246)}`);
  });
});
