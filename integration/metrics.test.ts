/** The agent's metrics before those who read them: a real Prometheus, and its tool that checks formats and rules. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { before, suite, test } from "node:test";
import { stringify } from "yaml";
import { AgentProcess } from "../scripts/lab/agent-process.ts";
import { dashboardQueries } from "../test/deploy/dashboard-queries.ts";

const ROOT = resolve(import.meta.dirname, "..");
const PUSHED = { heartbeat: "push", ping: "none", backups: null };

before(() => {
  execFileSync(join(ROOT, "scripts/dns-peers"), ["metrics"], { stdio: "inherit" });
});

function promtool(args: readonly string[], input = ""): string {
  return execFileSync("promtool", args, { cwd: ROOT, input, encoding: "utf8", stdio: "pipe" });
}

async function push(agent: AgentProcess, pool: string, ports: readonly number[]): Promise<void> {
  const servers = ports.map((port) => ({ address: `127.0.0.1:${port}` }));
  const reply = await fetch(`http://127.0.0.1:${agent.httpPort}/v1/pools/${pool}/heartbeat`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ servers, num_nodes: 3, leader: "127.0.0.1:1", ttl_seconds: 60 }),
  });
  assert.equal(reply.status, 200, await reply.text());
}

suite("metrics, as Prometheus reads them", () => {
  test("the text of a running agent has nothing that promtool finds fault with", async () => {
    await using agent = await AgentProcess.start({ pools: { web: PUSHED, nomad: {} } });
    await push(agent, "web", [1, 2]);
    const reply = await fetch(`http://127.0.0.1:${agent.httpPort}/metrics`);
    assert.equal(promtool(["check", "metrics"], await reply.text()), "");
    assert.throws(() => promtool(["check", "metrics"], "# TYPE bad counter\nbad 1\n"));
  });

  test("the alerts are valid rules, and fire when they should, and not before", () => {
    assert.match(promtool(["check", "rules", "deploy/alerts.yaml"]), /SUCCESS: \d+ rules found/);
    assert.match(promtool(["test", "rules", "test/deploy/alerts.yaml"]), /SUCCESS/);
  });

  test("every query of the dashboard is one", () => {
    const directory = mkdtempSync(join(tmpdir(), "headwaiter-queries-"));
    try {
      const rules = dashboardQueries().map((expr, i) => ({ record: `query_${i}`, expr }));
      const file = join(directory, "queries.yaml");
      writeFileSync(file, stringify({ groups: [{ name: "queries", rules }] }));
      assert.match(promtool(["check", "rules", file]), new RegExp(`SUCCESS: ${rules.length} rules found`));
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
