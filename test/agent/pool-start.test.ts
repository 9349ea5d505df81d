/** What DNS says of a pool that has no server, by what its sources have said. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { until } from "../../scripts/lab/until.ts";
import type { DnsAddress } from "../../src/views/dns/thread-messages.ts";
import { startedAgent } from "../support/agent-in-process.ts";
import { ConsulDriver } from "../support/consul-driver.ts";
import { ScriptedConsul } from "../support/scripted-consul.ts";
import { ScriptedHttpProxy } from "../support/scripted-http-proxy.ts";
import { askAnyUdp, askUdp } from "../views/dns/dns-client.ts";
import { query, text } from "../views/dns/zone-text.ts";

const WEB = { pools: { web: {} } };
const SERVER = { id: "web-1", address: "192.0.2.1", port: 4001 };
const SRV = query("_web._tcp.headwaiter.internal. IN SRV");

/** Whether a question sent behind this one is answered before it. */
async function waits(address: DnsAddress): Promise<boolean> {
  return (await askUdp(address, SRV)) === undefined;
}

async function saysSo(address: DnsAddress): Promise<boolean> {
  return text(await askUdp(address, SRV)).startsWith(";; SERVFAIL");
}

async function names(address: DnsAddress, port: number): Promise<boolean> {
  return text(await askAnyUdp(address, SRV, 60_000)).includes(` SRV 0 1 ${port} `);
}

suite("a pool without a server", () => {
  test("whose Consul has not answered yet: questions wait, the first one for the answer", async (t) => {
    const consul = await ScriptedConsul.start(t);
    await new ConsulDriver(consul.address).register(SERVER);
    const proxy = await ScriptedHttpProxy.start(t, consul.address);
    const gate = Promise.withResolvers<undefined>();
    proxy.script = async (forward) => {
      await gate.promise;
      return await forward();
    };
    const { dns: address } = await startedAgent(t, { ...WEB, consul: { address: proxy.address } });
    assert.ok(await waits(address));
    await until(() => proxy.requests.length > 0);
    assert.ok(await waits(address));
    const answered = names(address, 4001);
    gate.resolve(undefined);
    assert.ok((await answered) || (await names(address, 4001)));
  });

  test("whose Consul can't be reached: questions wait, and are answered once it can", async (t) => {
    const consul = await new ScriptedConsul().listen();
    const { address: url, port } = consul;
    await consul.close();
    const { dns: address } = await startedAgent(t, { ...WEB, consul: { address: url } });
    assert.ok(await waits(address));
    const later = await ScriptedConsul.start(t, { port });
    await new ConsulDriver(later.address).register(SERVER);
    await until(() => names(address, 4001));
  });

  test("whose Consul knows none: answered at once", async (t) => {
    const consul = await ScriptedConsul.start(t);
    const { dns: address } = await startedAgent(t, { ...WEB, consul: { address: consul.address } });
    await until(() => saysSo(address));
    assert.ok(!(await waits(address)));
  });

  test("that is told of its servers: questions wait until the first heartbeat, whatever it names", async (t) => {
    const { dns: address, http } = await startedAgent(t, {
      pools: { web: { backups: null, heartbeat: "push" } },
    });
    assert.ok(await waits(address));
    const push = async (servers: readonly object[]) => {
      const body = JSON.stringify({ servers, leader: "", ttl_seconds: 60 });
      const headers = { "content-type": "application/json" };
      const url = `http://${http}/v1/pools/web/heartbeat`;
      assert.equal((await fetch(url, { method: "PUT", body, headers })).status, 200);
    };
    await push([]);
    await until(() => saysSo(address));
    await push([{ address: "192.0.2.1:4001" }]);
    await until(() => names(address, 4001));
  });

  test("whose only server's name nobody resolves: questions wait", async (t) => {
    const pools = { web: { servers: ["web.example:4001"], backups: null } };
    const { dns: address } = await startedAgent(t, { pools, dns: { nameservers: ["127.0.0.1:9"] } });
    assert.ok(await waits(address));
  });
});
