import assert from "node:assert/strict";
import { test } from "node:test";
import { textOf } from "../../src/log/log.ts";

const LINE = { level: "warn", time: "2026-11-22T12:00:00.000Z", name: "agent.dns", msg: "message" };

test("text is what operators of Consul and Nomad read", () => {
  assert.equal(
    textOf({ ...LINE, server: "10.0.0.1:4647", reason: "connection refused", count: 3 }),
    '2026-11-22T12:00:00.000Z [WARN]  agent.dns: message: server=10.0.0.1:4647 reason="connection refused" count=3\n',
  );
  assert.equal(textOf({ ...LINE, level: "error" }), "2026-11-22T12:00:00.000Z [ERROR] agent.dns: message\n");
});

test("an error is its message; a line break never breaks the line", () => {
  const text = textOf({ ...LINE, err: { type: "Error", message: "one\ntwo", stack: "…" } });
  assert.equal(text.split("\n").length, 2);
  assert.match(text, /err="one\\ntwo"/);
});
