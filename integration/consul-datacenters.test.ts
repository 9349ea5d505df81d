import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../scripts/lab/until.ts";
import { WatchedPool } from "../test/support/watched-pool.ts";
import { ConsulDatacenter } from "./support/consul-cluster.ts";
import { ContainerNetwork } from "./support/container-network.ts";

const NEAR = "192.0.2.1:4001";
const FAR = "192.0.2.2:4002";

test("servers of another datacenter step in when the local ones are gone, and its death disturbs nothing", async () => {
  await using network = await ContainerNetwork.create();
  await using near = await ConsulDatacenter.start(network, { servers: 1 });
  await using far = await ConsulDatacenter.start(network, {
    name: "dc2",
    servers: 1,
    joinWan: near.addresses,
  });
  const local = { name: "web", id: "web-1", address: "192.0.2.1", port: 4001 };
  await near.client.http.register(local);
  await far.client.http.register({ name: "web", address: "192.0.2.2", port: 4002 });
  await until(
    () =>
      near.client.http.passing("web", "dc2").then(
        (found) => found.length === 1,
        () => false,
      ),
    () => "the far service over the WAN",
    40_000,
  );
  const config = { waitMs: 5_000, slackMs: 3_000, emptyHoldMs: 2_000, remoteScanMs: 1_000 };
  await using pool = new WatchedPool({ address: `http://127.0.0.1:${near.client.httpPort}` }, config);
  await pool.shows([NEAR]);
  assert.equal(pool.watcher.status().datacenter, "dc1");

  await near.client.http.deregister("web-1");
  await pool.shows([NEAR, FAR]);
  await pool.shows([FAR]);
  assert.equal(pool.watcher.status().datacenter, "dc2");

  await Promise.all([far.client.kill(), ...far.servers.map(({ consul }) => consul.kill())]);
  await until(
    () => pool.watcher.status().lastError?.datacenter === "dc2",
    () => pool.watcher.status(),
    40_000,
  );
  assert.deepEqual(pool.list, [FAR]);
  assert.equal(pool.watcher.status().state.kind, "watching");

  await near.client.http.register(local);
  await pool.shows([NEAR]);
  assert.equal(pool.watcher.status().datacenter, "dc1");
  await near.client.http.register({ ...local, id: "web-2", port: 4003 });
  await pool.shows([NEAR, "192.0.2.1:4003"], 2_000);
  assert.equal(pool.wasEmptied, false);
});
