/**
 * Reports of failures from addresses that are not loopback. For a network of its own, in which 192.0.2.0/24 is this
 * machine's: `scripts/own-network`. Prints what came back as JSON.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../scripts/lab/until.ts";
import { startedAgent } from "../../test/support/agent-in-process.ts";
import { ask } from "../../test/support/http-client.ts";

const directory = mkdtempSync(join(tmpdir(), "headwaiter-report-"));
const tokenFile = join(directory, "token");
const token = "7e1f4a0c-1111-2222-3333-444455556666";
writeFileSync(tokenFile, token, { mode: 0o600 });

const ends: (() => unknown)[] = [];
const scope = { after: (end: () => unknown) => ends.push(end) };
const web = { servers: ["192.0.2.2:9"], ping: "none", backups: null };
const told: Record<string, unknown> = {};
for (const [name, token_file] of [
  ["open", null],
  ["protected", tokenFile],
] as const) {
  const { agent, http } = await startedAgent(scope, {
    http: { address: "192.0.2.1:0", token_file },
    pools: { web },
  });
  await until(() => agent.heads().get("web") !== undefined);
  const report = async (headers: Record<string, string> = {}) => {
    const reply = await ask(http, "/v1/pools/web/servers/192.0.2.2:9/failed", { method: "POST", headers });
    return [reply.status, (reply.json() as { code?: string }).code ?? null];
  };
  told[name] = [await report(), await report({ authorization: `Bearer ${token}` })];
}
for (const end of ends.reverse()) {
  await end();
}
rmSync(directory, { recursive: true });
console.log(JSON.stringify(told));
