import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { RpcProxy } from "../../../src/core/rpc-proxy.ts";
import { Hearsay, neverAsks } from "../../../src/sources/health/hearsay.ts";
import { Penalties } from "../../../src/sources/health/penalties.ts";
import { CONFIG, fakePorts } from "../../support/fake-ports.ts";
import { begin, end } from "../../support/lives.ts";

const SERVERS = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"];

async function bench() {
  const base = fakePorts();
  const penalties = new Penalties(base.clock);
  const ports = { ...base, pinger: neverAsks };
  const proxy = new RpcProxy({ ...ports, avoids: (key) => penalties.isAvoided(key) }, CONFIG);
  for (const address of SERVERS) {
    await proxy.addPrimaryServer(address);
  }
  const hearsay = new Hearsay(proxy, penalties);
  begin(hearsay);
  const reportAll = () => {
    for (let left = SERVERS.length; left > 0; left--) {
      const reported = proxy.findServer();
      assert.ok(reported !== undefined && proxy.notifyFailedServer(reported));
    }
  };
  return { ...ports, proxy, hearsay, reportAll, head: () => proxy.findServer() };
}

suite("servers that are not dialled", () => {
  test("a head that is reported goes to the end, and no rebalance chooses it for half a minute", async () => {
    const { clock, head, proxy } = await bench();
    const reported = head();
    assert.ok(reported !== undefined && proxy.notifyFailedServer(reported));
    assert.equal(proxy.serverRpcAddrs().at(-1), reported.key);
    const chosen = new Set<string | undefined>();
    for (let rebalance = 0; rebalance < 40; rebalance++) {
      await proxy.rebalanceServers();
      chosen.add(head()?.key);
    }
    assert.deepEqual([...chosen].toSorted(), [...SERVERS.slice(1)]);
    await clock.advance(30_000);
    for (let rebalance = 0; rebalance < 40; rebalance++) {
      await proxy.rebalanceServers();
      chosen.add(head()?.key);
    }
    assert.equal(chosen.size, 3);
  });

  test("when each was reported the order stays", async () => {
    const { proxy, reportAll } = await bench();
    reportAll();
    const order = proxy.serverRpcAddrs();
    assert.equal(await proxy.rebalanceServers(), false);
    assert.deepEqual(proxy.serverRpcAddrs(), order);
  });

  test("a primary that a source names is head in place of a backup, but for one that was reported", async () => {
    const { clock, head, proxy, reportAll } = await bench();
    const [a, b, c] = SERVERS;
    await proxy.setBackupServers(["127.0.0.1:9"]);
    reportAll();
    await clock.advance(0);
    assert.equal(head()?.key, "127.0.0.1:9");
    await proxy.addPrimaryServer("127.0.0.1:4");
    await clock.advance(0);
    assert.equal(head()?.key, "127.0.0.1:4");
    assert.equal(proxy.snapshot().cause.reason, "a primary is named");
    assert.deepEqual(proxy.serverRpcAddrs().toSorted(), [a, b, c, "127.0.0.1:4", "127.0.0.1:9"].toSorted());
  });

  test("after the stop nothing is learned", async () => {
    const { head, hearsay, proxy } = await bench();
    await end(hearsay);
    const reported = head();
    assert.ok(reported !== undefined && proxy.notifyFailedServer(reported));
    const chosen = new Set<string | undefined>();
    for (let rebalance = 0; rebalance < 40; rebalance++) {
      await proxy.rebalanceServers();
      chosen.add(head()?.key);
    }
    assert.equal(chosen.size, 3);
  });
});
