import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_SERVERS_PER_SOURCE } from "../../src/core/list-limit.ts";
import { RpcProxy } from "../../src/core/rpc-proxy.ts";
import { CONFIG, fakePorts } from "../support/fake-ports.ts";
import { addrs, heartbeatOf } from "./proxy-fixtures.ts";

const TOO_MANY = addrs(MAX_SERVERS_PER_SOURCE + 500);

const report: Record<string, (proxy: RpcProxy, named: string[]) => Promise<unknown>> = {
  heartbeat: (proxy, named) => proxy.refreshServerLists(heartbeatOf(named), 1, ""),
  push: (proxy, named) => proxy.refreshServerLists(heartbeatOf(named), 1, "", { source: "push" }),
  consul: (proxy, named) => proxy.setBackupServers(named),
};

for (const [source, name] of Object.entries(report)) {
  test(`of too many servers that ${source} names the first are taken, which is said once`, async () => {
    const ports = fakePorts();
    const proxy = new RpcProxy(ports, CONFIG);
    const warnings = () => ports.logger.lines.filter(({ level }) => level === "warn");
    await name(proxy, TOO_MANY);
    await name(proxy, TOO_MANY);
    assert.equal(proxy.numServers(), MAX_SERVERS_PER_SOURCE);
    assert.deepEqual(new Set(proxy.serverRpcAddrs()), new Set(TOO_MANY.slice(0, MAX_SERVERS_PER_SOURCE)));
    assert.deepEqual(
      warnings().map(({ fields }) => fields),
      [{ source, servers: MAX_SERVERS_PER_SOURCE + 500, skipped: 500 }],
    );
    await name(proxy, TOO_MANY.slice(0, MAX_SERVERS_PER_SOURCE));
    assert.equal(warnings().length, 1);
    await name(proxy, TOO_MANY);
    assert.equal(warnings().length, 2, "again when it is over and comes back");
  });
}
