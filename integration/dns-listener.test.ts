/** The program without its packages beside it: DNS is served one message a call, and the agent says so. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { AgentProcess } from "../scripts/lab/agent-process.ts";
import { ask } from "../test/support/http-client.ts";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));

test("without the package koffi DNS answers all the same, and the log says once why it is slower", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "headwaiter-alone-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  cpSync(DIST, join(folder, "dist"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const pools = { web: { servers: ["127.0.0.1:80"], ping: "none", backups: null } };
  await using agent = await AgentProcess.start({ pools }, [], {}, join(folder, "dist/cli/main.js"));
  assert.deepEqual(await agent.srv("_web._tcp"), ["127.0.0.1:80"]);
  const said = agent.log.filter(({ msg }) => msg.startsWith("queries over UDP"));
  assert.deepEqual(
    said.map(({ level, reason }) => [level, String(reason).split(":")[0]]),
    [["info", "the package koffi can't be loaded"]],
  );
  const self = (await ask(`127.0.0.1:${agent.httpPort}`, "/v1/agent/self")).json() as {
    readonly dns: { readonly listener: string };
  };
  assert.equal(self.dns.listener, "dns2");
});

test("with it, it is found from the built program", async () => {
  const pools = { web: { servers: ["127.0.0.1:80"], ping: "none", backups: null } };
  await using agent = await AgentProcess.start({ pools });
  const self = (await ask(`127.0.0.1:${agent.httpPort}`, "/v1/agent/self")).json() as {
    readonly dns: { readonly listener: string };
  };
  assert.equal(self.dns.listener, "batched");
});
