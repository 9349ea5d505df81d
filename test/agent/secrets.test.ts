/** Planted secrets are in no reply, header, log line or metric of a real agent. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "../../scripts/lab/until.ts";
import { startedAgent } from "../support/agent-in-process.ts";
import { ask, type HttpReply } from "../support/http-client.ts";

const SECRETS = [
  "planted-consul",
  "planted-http",
  "planted-nomad",
  "planted-password",
  "planted-guess",
] as const;

test("no planted secret comes out", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "headwaiter-secrets-"));
  t.after(() => {
    rmSync(directory, { recursive: true });
  });
  const fileOf = (secret: string) => {
    const file = join(directory, `${secret.length}-${secret.charCodeAt(8)}`);
    writeFileSync(file, `${secret}\n`);
    return file;
  };
  const { http, logger } = await startedAgent(t, {
    http: { token_file: fileOf("planted-http") },
    consul: { address: "http://127.0.0.1:1", token: "planted-consul" },
    pools: {
      nomad: { servers: ["127.0.0.1:1"], token_file: fileOf("planted-nomad"), send_token: "always" },
      web: { heartbeat: "push", ping: "none" },
    },
  });
  await until(() => logger.lines.length > 5);
  const { paths } = (await ask(http, "/v1/openapi.json")).json() as {
    paths: Record<string, Record<string, object>>;
  };
  const replies: HttpReply[] = [];
  for (const [path, methods] of Object.entries(paths)) {
    for (const method of Object.keys(methods)) {
      for (const pool of ["nomad", "web"]) {
        const url = path.replace("{pool}", pool);
        const authorization = "Bearer planted-guess";
        replies.push(await ask(http, url, { method: method.toUpperCase(), headers: { authorization } }));
      }
    }
  }
  const bearer = { authorization: "Bearer planted-http" };
  const body = '{"servers":[{"address":"user:planted-password@10.0.0.1:1"}],"leader":"","ttl_seconds":30}';
  replies.push(await ask(http, "/v1/pools/web/heartbeat", { method: "PUT", headers: bearer, body: "{" }));
  replies.push(await ask(http, "/v1/pools/nomad/rebalance", { method: "POST", headers: bearer }));
  await ask(http, "/v1/pools/web/heartbeat", { method: "PUT", headers: bearer, body });
  assert.ok(replies.length > 30 && replies.some(({ status }) => status === 202));
  const seen = [
    ...replies.map(({ headers, text }) => JSON.stringify(headers) + text),
    ...logger.lines.map((line) => JSON.stringify(line)),
    (await ask(http, "/metrics")).text,
    (await ask(http, "/v1/events")).text,
  ].join("\n");
  for (const secret of SECRETS) {
    assert.ok(!seen.includes(secret), `${secret}: ${seen.slice(seen.indexOf(secret) - 200).slice(0, 400)}`);
  }
});
