import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { headReasonAfter, headReasonStrings } from "../../../src/views/dns/zone/head-reason.ts";
import { NOON, snapshot } from "./pools.ts";

const FAILED = {
  occurrence: "server-failed",
  source: "health",
  server: "10.0.0.9:4647",
  reason: "connection refused",
} as const;

describe("the reason for the head", () => {
  test("is the change that made it the head, not the newest one", () => {
    const first = headReasonAfter(undefined, snapshot(["10.0.0.1", "10.0.0.2"], { revision: 1 }));
    const second = headReasonAfter(first, snapshot(["10.0.0.1"], { revision: 2, cause: FAILED }));
    assert.equal(second, first);
    const third = headReasonAfter(
      second,
      snapshot(["10.0.0.2"], { revision: 3, cause: FAILED, at: NOON + 1 }),
    );
    assert.deepEqual(third, { server: "10.0.0.2:4647", cause: FAILED, at: NOON + 1, revision: 3 });
  });

  test("is none without a head, and forgotten with it", () => {
    const first = headReasonAfter(undefined, snapshot(["10.0.0.1"]));
    assert.equal(headReasonAfter(first, snapshot([])), undefined);
  });

  test("is told as name=value strings", () => {
    const reason = { server: "10.0.0.2:4647", cause: FAILED, at: NOON, revision: 3 };
    assert.deepEqual(headReasonStrings(reason, "primary", "live"), [
      "head=10.0.0.2:4647",
      "tier=primary",
      "state=live",
      "since=2026-11-22T12:00:00.000Z",
      "revision=3",
      "cause=server-failed",
      "source=health",
      "server=10.0.0.9:4647",
      "reason=connection refused",
    ]);
  });

  test("holds printable ASCII of at most 255 bytes a string, whatever the reason says", () => {
    const told = (reason: string): string =>
      headReasonStrings(
        { server: "a:1", cause: { occurrence: "server-failed", source: "api", reason }, at: 0, revision: 0 },
        "primary",
        "live",
      ).at(-1) ?? "";
    assert.equal(told("a\u001b[2J\\é\n"), "reason=a\\027[2J\\\\\\195\\169\\010");
    assert.equal(told("x".repeat(300)).length, 255);
    assert.equal(told(`${"x".repeat(246)}\n`), `reason=${"x".repeat(246)}`);
  });
});
