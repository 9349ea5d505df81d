import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { settingsOf } from "../../src/config/layer.ts";
import { heartbeatBody } from "../../src/views/http/heartbeat-body.ts";

const page = readFileSync(new URL("../../docs/agent.md", import.meta.url), "utf8");

test("the configuration that docs/agent.md shows is the default one, key by key", () => {
  const [, text = ""] = /```yaml\n(.*?)```/s.exec(page) ?? [];
  assert.deepEqual(settingsOf([{ origin: "docs/agent.md", values: parse(text) }]), settingsOf([]));
});

test("the heartbeat that docs/agent.md shows is one", () => {
  const [, body = ""] = /-d '\n(\{.*?\})'/s.exec(page) ?? [];
  assert.equal(heartbeatBody.parse(JSON.parse(body)).servers.length, 1);
});
