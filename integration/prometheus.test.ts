/**
 * Alerts and dashboard as they are shipped, before a real Prometheus: each alert is fired by its cause and by nothing
 * else, and each query of the dashboard finds something.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { before, suite, test } from "node:test";
import { decode, encode } from "dns-packet";
import { parse, stringify } from "yaml";
import { until, untilSeen } from "../scripts/lab/until.ts";
import { statePath } from "../src/state/state-directory.ts";
import { encodeState } from "../src/state/state-format.ts";
import { dashboardQueries } from "../test/deploy/dashboard-queries.ts";
import { type StartedAgent, startedAgent } from "../test/support/agent-in-process.ts";
import { ConsulDriver } from "../test/support/consul-driver.ts";
import { threads } from "../test/support/disturbances.ts";
import { ask } from "../test/support/http-client.ts";
import { listOf, SAVED } from "../test/support/saved-state.ts";
import { ScriptedConsul } from "../test/support/scripted-consul.ts";
import { scriptedServer } from "../test/support/scripted-server.ts";
import { askAnyUdp } from "../test/views/dns/dns-client.ts";
import { Prometheus } from "./support/prometheus.ts";

interface Rules {
  readonly groups: readonly {
    readonly name: string;
    readonly rules: readonly { readonly alert: string; readonly expr: string; readonly for?: string }[];
  }[];
}

const ROOT = resolve(import.meta.dirname, "..");
const PATIENCE_MS = 20_000;
const PUSHED = { heartbeat: "push", ping: "none", backups: null };
const SHIPPED = parse(readFileSync(resolve(ROOT, "deploy/alerts.yaml"), "utf8")) as Rules;

/**
 * The alerts as they are shipped, but for how long something has to last, and for how large a fleet has to be: they
 * fire at once, and for a few agents.
 */
function hurriedAlerts(): string {
  return stringify({
    groups: SHIPPED.groups.map((group) => ({
      ...group,
      rules: group.rules.map((rule) => ({
        ...rule,
        expr: rule.expr.replaceAll(/\[\d+m\]/g, "[4s]").replaceAll(">= 10 * ", ">= "),
        for: "0s",
      })),
    })),
  });
}

/** Tells a pool of these ports by a heartbeat. */
async function push({ http }: StartedAgent, pool: string, ports: readonly number[]): Promise<void> {
  const servers = ports.map((port) => ({ address: `127.0.0.1:${port}` }));
  const body = JSON.stringify({ servers, num_nodes: 3, leader: "127.0.0.1:1", ttl_seconds: 60 });
  const headers = { "content-type": "application/json" };
  const reply = await ask(http, `/v1/pools/${pool}/heartbeat`, { method: "PUT", headers, body });
  assert.equal(reply.status, 200, reply.text);
}

before(() => {
  execFileSync(resolve(ROOT, "scripts/dns-peers"), ["metrics"], { stdio: "inherit" });
});

suite("a real Prometheus", () => {
  test("fires each alert for its cause and no other, and has what the dashboard asks for", async (t) => {
    const workers = threads(t);
    const consul = await ScriptedConsul.start(t);
    const driver = new ConsulDriver(consul.address);
    await driver.register({ id: "far-1", service: "far", port: 7 });
    await driver.register({ id: "far-2", service: "far", port: 8 });
    const [first, second] = [
      await scriptedServer(t, () => undefined),
      await scriptedServer(t, () => undefined),
    ];
    const pools = {
      web: { servers: [first.address, second.address], ping: "tcp", backups: null },
      db: PUSHED,
      cache: PUSHED,
      skewed: PUSHED,
      old: PUSHED,
    };
    const directory = mkdtempSync(resolve(tmpdir(), "headwaiter-prometheus-"));
    t.after(() => {
      rmSync(directory, { recursive: true, force: true });
    });
    const list = listOf(["127.0.0.1:1", "127.0.0.1:2"], new Date().toISOString());
    writeFileSync(statePath(directory), encodeState({ ...SAVED, pools: { old: list } }));
    const values = { data_dir: directory, consul: { address: consul.address }, pools };
    const agent = await startedAgent(t, { ...values, pools: { ...pools, far: { ping: "none" } } });
    const others = [
      await startedAgent(t, { pools: { skewed: PUSHED } }),
      await startedAgent(t, { pools: { skewed: PUSHED } }),
    ];
    const agents = [agent, ...others];
    await push(agent, "db", [1, 2]);
    for (const each of agents) {
      await push(each, "skewed", [1, 2]);
    }
    await using prometheus = await Prometheus.start({
      targets: agents.map(({ http }) => http),
      rules: hurriedAlerts(),
    });
    const fired = new Set<string>();
    const firing = async (expected: readonly string[], meanwhile?: () => Promise<unknown>) => {
      const look = async () => {
        await meanwhile?.();
        return await prometheus.firing();
      };
      const sorted = expected.toSorted();
      await untilSeen(
        `alerts: ${sorted.join(", ")}`,
        PATIENCE_MS,
        look,
        (seen) => JSON.stringify(seen) === JSON.stringify(sorted),
      );
      for (const alert of expected) {
        fired.add(alert.split(" ")[0] ?? "");
      }
    };

    // The pool `far` has servers of Consul only. Nobody has told the pool `cache` of a server yet, and somebody asks.
    const onBackups = "OnBackups far";
    const ofNoHead = ["NoRedundancy cache", "NotReady cache", "SourceStale cache"];
    // The list of the pool `old` comes from the state file, and nobody else has told of it yet.
    await firing([onBackups, "OnBackups old", "SourceStale old", "Stale old", ...ofNoHead]);
    await push(agent, "old", [1, 2]);
    await firing([onBackups, ...ofNoHead]);
    const question = encode({
      type: "query",
      questions: [{ type: "SRV", name: "_cache._tcp.headwaiter.internal" }],
    });
    await firing([onBackups, "DnsErrors", ...ofNoHead], async () => {
      const reply = await askAnyUdp(agent.dns, question, PATIENCE_MS);
      assert.equal((decode(reply ?? Buffer.alloc(0)) as { rcode?: string }).rcode, "SERVFAIL");
    });
    await push(agent, "cache", [1, 2]);
    await firing([onBackups]);

    await consul.close();
    await firing([onBackups, "ConsulFailing far"]);
    agent.write(values);
    await agent.agent.reload();
    await firing([]);

    rmSync(directory, { recursive: true });
    await push(agent, "old", [1, 2, 3]);
    await firing(["StateFileNotWritten"]);
    mkdirSync(directory);
    await firing([]);

    agent.write({ pools: {} });
    await agent.agent.reload();
    await firing(["ReloadFailed"]);
    agent.write({ ...values, dns: { domain: "other.internal" } });
    await agent.agent.reload();
    await firing(["RestartNeeded"]);
    agent.write(values);
    await agent.agent.reload();
    await firing([]);

    const head = agent.agent.heads().get("web") ?? "";
    await firing(["FeedbackFlood web"], async () => {
      for (let report = 0; report < 20; report++) {
        await ask(agent.http, `/v1/pools/web/servers/${head}/failed`, { method: "POST" });
      }
    });
    await firing([]);

    await workers[0]?.terminate();
    await firing(["DnsThreadRestarting"]);
    await firing([]);

    // Each agent keeps the head that it had when the third server came.
    for (const each of agents) {
      await push(each, "skewed", [1]);
      await push(each, "skewed", [1, 2, 3]);
    }
    await firing(["HeadSkew skewed"]);
    for (const each of others) {
      await push(each, "skewed", [others.indexOf(each) + 2]);
    }
    await firing(["NoRedundancy skewed"]);
    await push(others[0] as StartedAgent, "skewed", [1, 2]);
    await push(others[1] as StartedAgent, "skewed", [1, 2]);
    await firing([]);

    await first.stop();
    await second.stop();
    const outage = ["NoRedundancy web", "PoolOutage web"];
    await firing(outage);
    for (let port = 10; port < 30; port++) {
      await push(agent, "db", [port, port + 100]);
    }
    await firing(["HeadFlapping db", ...outage]);
    // The alert fires as soon as a scrape has seen enough of them.
    const changes = 'headwaiter_head_changes_total{pool="db",cause="heartbeat-received"}';
    await untilSeen(
      "the changes of the head",
      PATIENCE_MS,
      async () => (await prometheus.query(changes))[0]?.value,
      (seen) => seen === 21,
    );
    // A scrape that a busy machine held up leaves all series out until the next one.
    await untilSeen(
      "the pool that had an outage",
      PATIENCE_MS,
      async () =>
        (await prometheus.query("headwaiter_outages_total == 1")).map(({ metric }) => metric["pool"]),
      (seen) => seen.join() === "web",
    );
    for (const query of dashboardQueries()) {
      await untilSeen(
        query,
        PATIENCE_MS,
        () => prometheus.query(query),
        ({ length }) => length > 0,
      );
    }

    await others[0]?.agent.stop();
    await until(async () => (await prometheus.firing()).includes("HeadwaiterDown"));
    fired.add("HeadwaiterDown");

    const shipped = SHIPPED.groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
    assert.deepEqual([...fired].toSorted(), shipped.toSorted());
  });
});
