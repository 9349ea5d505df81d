import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { until } from "../../scripts/lab/until.ts";
import { startedAgent } from "../support/agent-in-process.ts";
import { ScriptedConsulAgent } from "../support/scripted-consul-agent.ts";

async function running(t: TestContext, consul: ScriptedConsulAgent, http: object, pools = ["web"]) {
  return await startedAgent(t, {
    http,
    consul: { address: consul.address, register: true },
    pools: Object.fromEntries(pools.map((name) => [name, { servers: ["127.0.0.1:9"], backups: null }])),
  });
}

async function onlyService(consul: ScriptedConsulAgent) {
  await until(() => consul.services.size > 0 && consul.told.size > 0);
  const [service = assert.fail()] = consul.services.values();
  return service;
}

suite("an agent that registers itself", () => {
  for (const [listen, url] of [
    ["0.0.0.0:0", "http://127.0.0.1:"],
    ["[::]:0", "http://[::1]:"],
    ["127.0.0.1:0", "http://127.0.0.1:"],
    ["[::1]:0", "http://[::1]:"],
  ] as const) {
    test(`listening on ${listen}: at the address of its node, with a check that answers`, async (t) => {
      const consul = await ScriptedConsulAgent.start(t);
      const { agent, logger } = await running(t, consul, { address: listen });
      const { Address, Port, ID, Checks } = await onlyService(consul);
      assert.equal(Address, undefined);
      assert.match(ID, /^headwaiter-.+:\d+$/);
      assert.ok(ID.startsWith(`headwaiter-${hostname()}-`) && ID.endsWith(`:${Port}`));
      const [alive, readiness] = Checks;
      assert.equal(alive?.DeregisterCriticalServiceAfter, "1800000ms");
      assert.equal(consul.told.get(alive.CheckID), "pass");
      assert.equal(readiness?.HTTP, `${url}${Port}/v1/agent/ready`);
      assert.equal((await fetch(readiness.HTTP)).status, 200);
      assert.deepEqual(
        logger.lines.filter(({ level }) => level === "warn"),
        [],
      );
      await agent.stop();
      assert.equal(consul.services.size, 0);
    });
  }

  test("tells the address that it is configured to", async (t) => {
    const consul = await ScriptedConsulAgent.start(t);
    await running(t, consul, { address: "0.0.0.0:0", advertise: "192.0.2.9:80" });
    const { Address, Port, ID } = await onlyService(consul);
    assert.deepEqual([Address, Port], ["192.0.2.9", 80]);
    assert.ok(ID.endsWith("-192.0.2.9:80"));
  });

  test("listening on a unix socket: without a port, and its readiness is told to a Consul of this machine, too", async (t) => {
    const consul = await ScriptedConsulAgent.start(t);
    const directory = mkdtempSync(join(tmpdir(), "headwaiter-registered-"));
    t.after(() => {
      rmSync(directory, { recursive: true });
    });
    const address = `unix:${join(directory, "agent.sock")}`;
    const { agent, http } = await running(t, consul, { address });
    assert.equal(http, address, "the line of the start names it");
    const { Port, ID, Checks } = await onlyService(consul);
    assert.equal(Port, undefined);
    assert.match(ID, /^headwaiter-[\w.-]+-unix-[\w.-]+-agent\.sock$/);
    assert.deepEqual(
      Checks.map(({ HTTP }) => HTTP),
      [undefined, undefined],
    );
    await until(() => consul.told.size === 2);
    await agent.stop();
    assert.equal(consul.services.size, 0);
  });

  test("with a hundred pools is registered", async (t) => {
    const consul = await ScriptedConsulAgent.start(t);
    const pools = Array.from({ length: 100 }, (_, i) => `pool-${i}`);
    await running(t, consul, { address: "127.0.0.1:0" }, pools);
    assert.equal((await onlyService(consul)).Meta["heads_left_out"], "38");
  });

  test("two agents with one port on two addresses are two services", async (t) => {
    const consul = await ScriptedConsulAgent.start(t);
    await running(t, consul, { address: "127.0.0.1:0" });
    const { Port } = await onlyService(consul);
    await running(t, consul, { address: `127.0.0.2:${Port}` });
    await until(() => consul.services.size === 2);
  });
});
