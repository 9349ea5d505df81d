import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../../../scripts/lab/until.ts";
import { RpcProxy } from "../../../src/core/rpc-proxy.ts";
import { systemClock } from "../../../src/system-ports.ts";
import { addr, heartbeatOf } from "../../core/proxy-fixtures.ts";
import { CONFIG, fakePorts } from "../../support/fake-ports.ts";
import { type Script, zoneScript } from "../../support/scripted-nameserver.ts";
import { nameserver, resolverAt, silence, ZONE } from "./resolving.ts";

function sockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === "UDPWrap" || kind === "UDPWRAP").length;
}

test("10,000 names and a nameserver that is silent open 128 sockets at most, and other servers are used meanwhile", async () => {
  const script: Script = (asked, send, sender) => {
    (asked.name.startsWith("silent") ? silence : zoneScript(ZONE))(asked, send, sender);
  };
  const server = await nameserver(script);
  const resolver = resolverAt([server], { timeoutMs: 600_000 });
  const before = sockets();
  const proxy = new RpcProxy({ ...fakePorts(), clock: systemClock, resolver }, CONFIG);
  const stop = new AbortController();
  const running = proxy.run(stop.signal);
  const names = Array.from({ length: 10_000 }, (_, index) => `silent-${index}.example:4647`);
  await proxy.refreshServerLists(heartbeatOf([...names, addr(1)]), 5, "");
  assert.deepEqual(proxy.serverRpcAddrs(), [addr(1)]);
  await until(() => server.asked.length === 64, "32 names, A and AAAA");
  await proxy.addPrimaryServer("db.example:4647");
  assert.deepEqual(proxy.serverRpcAddrs(), [addr(1), "db.example:4647"]);
  const open = sockets() - before;
  assert.ok(open >= 64 && open <= 128, `${open} sockets`);
  assert.equal(new Set(server.asked.map(({ name }) => name)).size, 33);
  stop.abort();
  await running;
  await until(() => sockets() === before, "no socket left");
});
