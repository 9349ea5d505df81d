import assert from "node:assert/strict";
import { Resolver } from "node:dns/promises";
import { suite, test } from "node:test";
import { until } from "../../scripts/lab/until.ts";
import { madeAgent, startedAgent } from "../support/agent-in-process.ts";
import { threads } from "../support/disturbances.ts";
import type { FakeLogger } from "../support/fake-ports.ts";
import { ask } from "../support/http-client.ts";

const POOLS = { pools: { web: { servers: ["127.0.0.1:9"], backups: null } } };

function infosOf({ lines }: FakeLogger): readonly string[] {
  return lines.filter(({ level }) => level === "info").map(({ message }) => message);
}

/** What keeps this process alive. */
function handles(): readonly string[] {
  return process.getActiveResourcesInfo().filter((kind) => /^(TCP|UDP|MessagePort|Timeout)/.test(kind));
}

suite("an agent", () => {
  test("is not ready while its answering thread is dead, says why, and is ready again by itself", async (t) => {
    const workers = threads(t);
    const { http } = await startedAgent(t, POOLS);
    const readiness = async () => {
      const reply = await fetch(`http://${http}/v1/agent/ready`);
      const { dns, ready, waiting } = (await reply.json()) as Readonly<Record<string, unknown>>;
      return { status: reply.status, ready, waiting, dns };
    };
    const isReady = async () => (await readiness()).status === 200;
    await until(isReady);
    await workers[0]?.terminate();
    assert.deepEqual(await readiness(), {
      status: 503,
      ready: false,
      waiting: [],
      dns: "restarting",
    });
    await until(isReady);
    assert.equal(workers.length, 2);
  });

  test("that is stopped while it starts leaves nothing, whatever had begun", async (t) => {
    // What the tests before used is closed a little after they end.
    await until(() => handles().length === 0);
    for (let turns = 0; turns < 4; turns++) {
      const { agent, logger } = madeAgent(t, POOLS);
      const started = agent.start();
      for (let turn = 0; turn < turns; turn++) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      await Promise.all([started, agent.stop()]);
      assert.deepEqual(infosOf(logger), []);
      assert.deepEqual(handles(), []);
    }
  });

  test("started twice starts once", async (t) => {
    const { agent, logger } = madeAgent(t, POOLS);
    await Promise.all([agent.start(), agent.start()]);
    await agent.start();
    assert.deepEqual(
      infosOf(logger).filter((message) => message !== "new head"),
      ["agent started"],
    );
  });

  test("shows what it knows of itself: its pools, what DNS counts, and what happened", async (t) => {
    const web = { ...POOLS.pools.web, ping: "none" };
    const { agent, dns, http } = await startedAgent(t, { pools: { web, quiet: { backups: null } } });
    const resolver = new Resolver();
    resolver.setServers([`${dns.host}:${dns.port}`]);
    await until(() => agent.heads().get("web") !== undefined);
    await resolver.resolveSrv("_web._tcp.headwaiter.internal");
    const { pools } = (await ask(http, "/v1/pools")).json() as { pools: Record<string, unknown>[] };
    assert.deepEqual(
      pools.map(({ name, head_address, state }) => [name, head_address, state]),
      [
        ["web", "127.0.0.1:9", "live"],
        ["quiet", null, "empty"],
      ],
    );
    const events = (await ask(http, "/v1/events")).json() as { pool: string; kind: string }[];
    assert.deepEqual(
      events.slice(0, 3).map(({ kind, pool }) => [pool, kind]),
      [
        ["web", "list-changed"],
        ["web", "head-changed"],
        [null, "agent-started"],
      ],
    );
    const { text } = await ask(http, "/metrics");
    assert.match(text, /^headwaiter_dns_requests_total\{transport="udp",type="SRV"\} 1$/m);
    assert.match(text, /^headwaiter_head_info\{pool="web",server="127.0.0.1:9",tier="primary"\} 1$/m);
  });
});
