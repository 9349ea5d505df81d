/** The agent's metrics before those who read them: a real Prometheus, and its tool that checks formats and rules. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { before, suite, test } from "node:test";
import { parse, stringify } from "yaml";
import { AgentProcess } from "../scripts/lab/agent-process.ts";
import { untilSeen } from "../scripts/lab/until.ts";
import { dashboardQueries } from "../test/deploy/dashboard-queries.ts";
import { scriptedServer } from "../test/support/scripted-server.ts";
import { Prometheus } from "./support/prometheus.ts";

const ROOT = resolve(import.meta.dirname, "..");
const PUSHED = { heartbeat: "push", ping: "none", backups: null };

interface Rules {
  readonly groups: readonly {
    readonly name: string;
    readonly rules: readonly { readonly alert: string; readonly expr: string; readonly for?: string }[];
  }[];
}

before(() => {
  execFileSync(join(ROOT, "scripts/dns-peers"), ["metrics"], { stdio: "inherit" });
});

function promtool(args: readonly string[], input = ""): string {
  return execFileSync("promtool", args, { cwd: ROOT, input, encoding: "utf8", stdio: "pipe" });
}

/** The alerts as they are shipped, but for how long something has to last: they fire at once. */
function hurriedAlerts(): string {
  const { groups } = parse(readFileSync(join(ROOT, "deploy/alerts.yaml"), "utf8")) as Rules;
  return stringify({
    groups: groups.map((group) => ({
      ...group,
      rules: group.rules.map((rule) => ({
        ...rule,
        expr: rule.expr.replaceAll(/\[\d+m\]/g, "[10s]"),
        for: "0s",
      })),
    })),
  });
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
    assert.match(promtool(["check", "rules", "deploy/alerts.yaml"]), /SUCCESS: 12 rules found/);
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

  test("a Prometheus that scrapes an agent fires each alert whose cause there is, and no other", async (t) => {
    const [first, second] = [
      await scriptedServer(t, () => undefined),
      await scriptedServer(t, () => undefined),
    ];
    await using agent = await AgentProcess.start({
      pools: {
        web: { servers: [first.address, second.address], ping: "tcp", backups: null },
        db: PUSHED,
        cache: PUSHED,
      },
    });
    await push(agent, "db", [1, 2]);
    const target = `127.0.0.1:${agent.httpPort}`;
    await using prometheus = await Prometheus.start({ target, rules: hurriedAlerts() });
    const firing = (
      expected: readonly string[],
      meanwhile: () => Promise<unknown> = () => Promise.resolve(),
    ) =>
      untilSeen(
        `alerts: ${expected.join(", ")}`,
        20_000,
        async () => {
          await meanwhile();
          return await prometheus.firing();
        },
        (seen) => JSON.stringify(seen) === JSON.stringify(expected),
      );

    // Nobody has told the pool `cache` of a server yet, and somebody asks for it.
    const ofNoHead = ["NoRedundancy cache", "NotReady cache", "SourceStale cache"];
    await firing(ofNoHead);
    await firing(["DnsErrors", ...ofNoHead], () => agent.srv("_cache._tcp"));
    await push(agent, "cache", [1, 2]);
    await firing([]);

    await first.stop();
    await second.stop();
    await firing(["NoRedundancy web", "PoolOutage web"]);

    for (let port = 10; port < 30; port++) {
      await push(agent, "db", [port, port + 100]);
    }
    await firing(["HeadFlapping db", "NoRedundancy web", "PoolOutage web"]);
    // The alert fires as soon as a scrape has seen enough of them.
    const changes = 'headwaiter_head_changes_total{pool="db",cause="heartbeat-received"}';
    await untilSeen(
      "the changes of the head",
      20_000,
      async () => (await prometheus.query(changes))[0]?.value,
      (seen) => seen === 21,
    );
    assert.deepEqual(
      (await prometheus.query("headwaiter_outages_total == 1")).map(({ metric }) => metric["pool"]),
      ["web"],
    );

    await agent.end("SIGTERM");
    await untilSeen(
      "the alert on an agent that is gone",
      20_000,
      () => prometheus.firing(),
      (seen) => seen.includes("HeadwaiterDown"),
    );
  });
});
