import assert from "node:assert/strict";
import { test } from "node:test";
import { faultContract } from "../test/net/consul/fault-contract.ts";
import { watchContract } from "../test/sources/consul/watch-contract.ts";
import { WatchedPool } from "../test/support/watched-pool.ts";
import { ConsulContainer } from "./support/consul-container.ts";

async function devAgent() {
  const consul = await ConsulContainer.start();
  return { address: `http://127.0.0.1:${consul.httpPort}`, close: () => consul.remove() };
}

watchContract("a real Consul", devAgent);
faultContract("a real Consul", devAgent);

test("Consul's own filter language chooses the servers, and primaries while orphaned", async () => {
  await using consul = await ConsulContainer.start();
  await consul.http.register({ name: "web", id: "web-1", address: "192.0.2.1", port: 4001, tags: ["blue"] });
  await consul.http.register({ name: "web", id: "web-2", address: "192.0.2.1", port: 4002, tags: ["green"] });
  await using pool = new WatchedPool(
    { address: `http://127.0.0.1:${consul.httpPort}` },
    { filter: '"green" in Service.Tags' },
  );
  await pool.shows(["192.0.2.1:4002"]);
  assert.equal(pool.reports.at(-1)?.tier, "backup");
  pool.watcher.setOrphaned(true);
  assert.equal(pool.reports.at(-1)?.tier, "primary");
  await consul.http.register({ name: "web", id: "web-3", address: "192.0.2.1", port: 4003, tags: ["green"] });
  await pool.shows(["192.0.2.1:4002", "192.0.2.1:4003"]);
  assert.equal(pool.reports.at(-1)?.tier, "primary");
});
