import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { until } from "../scripts/lab/until.ts";
import { WatchedPool } from "../test/support/watched-pool.ts";
import { ConsulDatacenter, type ConsulServer } from "./support/consul-cluster.ts";
import { ConsulContainer } from "./support/consul-container.ts";
import { ContainerNetwork } from "./support/container-network.ts";

/** An election takes 4 s on a quiet machine; ten times that on a busy one. */
const RECOVERY_MS = 40_000;

/** From the client agent's own answer to ours. */
const FOLLOWS_WITHIN_MS = 2_000;

const WATCH = { waitMs: 5_000, slackMs: 3_000, emptyHoldMs: 20_000 };

suite("a watch through a client agent of three servers", () => {
  let network: ContainerNetwork;
  let datacenter: ConsulDatacenter;
  let pool: WatchedPool;
  const expected: string[] = [];
  let nextPort = 4001;

  before(async () => {
    network = await ContainerNetwork.create();
    // Otherwise the leader dismisses a server that is away, and takes it back as a voter only 10 s after its return.
    datacenter = await ConsulDatacenter.start(network, {
      hcl: ["autopilot { cleanup_dead_servers = false }"],
    });
    await change(datacenter.servers);
    await change(datacenter.servers);
    pool = new WatchedPool({ address: `http://127.0.0.1:${datacenter.client.httpPort}` }, WATCH);
    await pool.shows(expected, RECOVERY_MS);
  });
  after(async () => {
    await pool.stop();
    await datacenter.remove();
    await network.remove();
  });

  /** Tells Consul's catalog through any of the members, as soon as one takes it. */
  async function tell(through: readonly ConsulServer[], path: string, body: object): Promise<void> {
    const taken = () =>
      Promise.any(through.map(({ consul }) => consul.http.call("PUT", `/v1/catalog/${path}`, body))).then(
        () => true,
        () => false,
      );
    await until(taken, () => [path, body], RECOVERY_MS);
  }

  /** One server more, and the oldest one less as soon as there are three. */
  async function change(through: readonly ConsulServer[]): Promise<void> {
    const service = { ID: `web-${nextPort}`, Service: "web", Address: "192.0.2.1", Port: nextPort };
    await tell(through, "register", { Node: "outside", Address: "192.0.2.1", Service: service });
    expected.push(`192.0.2.1:${nextPort}`);
    nextPort += 1;
    if (expected.length > 2) {
      const port = expected.shift()?.split(":")[1] ?? "";
      await tell(through, "deregister", { Node: "outside", ServiceID: `web-${port}` });
    }
  }

  /** A change after the fault: the list shows it within 2 s of the client agent's own answer, and never was empty. */
  async function changesFlow(through: readonly ConsulServer[] = datacenter.servers): Promise<void> {
    await change(through);
    const shown = () =>
      datacenter.client.http.passing("web").then(
        (found) =>
          sameAddresses(
            found.map(({ address, port }) => `${address}:${port}`),
            expected,
          ),
        () => false,
      );
    await until(shown, () => "the client agent's own answer", RECOVERY_MS);
    await pool.shows(expected, FOLLOWS_WITHIN_MS);
    assert.equal(pool.wasEmptied, false);
  }

  /** The leader, as soon as Consul itself says that it could lose a server. */
  async function leader(): Promise<ConsulServer> {
    let found: ConsulServer | undefined;
    const look = async () => {
      found = await datacenter.leader().catch(() => undefined);
      const health = await found?.consul.http
        .call("GET", "/v1/operator/autopilot/health")
        .catch(() => undefined);
      return (health as { FailureTolerance: number } | undefined)?.FailureTolerance === 1;
    };
    await until(look, () => ["a leader that could lose a server", found?.address], RECOVERY_MS);
    assert.ok(found);
    return found;
  }

  function othersThan(gone: readonly ConsulServer[]): readonly ConsulServer[] {
    return datacenter.servers.filter((server) => !gone.includes(server));
  }

  test("goes on when the leader is killed", async () => {
    const old = await leader();
    await old.consul.kill();
    await changesFlow(othersThan([old]));
    await old.consul.restart();
  });

  test("goes on when the leader is stopped gracefully", async () => {
    const old = await leader();
    await old.consul.stop();
    await changesFlow(othersThan([old]));
    await old.consul.restart();
  });

  test("goes on when the leader is paused", async () => {
    const old = await leader();
    await old.consul.pause();
    await changesFlow(othersThan([old]));
    await old.consul.unpause();
  });

  test("goes on when the leader is cut off, and when it is back", async () => {
    const old = await leader();
    await old.consul.partition();
    await changesFlow(othersThan([old]));
    await old.consul.heal();
    await changesFlow(othersThan([old]));
  });

  test("keeps the list without a quorum, and goes on with it", async () => {
    const first = await leader();
    const [second] = othersThan([first]);
    assert.ok(second);
    const reported = pool.reports.length;
    await Promise.all([first.consul.kill(), second.consul.kill()]);
    const lost = () =>
      datacenter.client.http.call("GET", "/v1/health/service/web?passing").then(
        () => false,
        () => true,
      );
    await until(lost, () => "the loss of the quorum", RECOVERY_MS);
    assert.deepEqual(pool.list, [...expected].sort());
    assert.equal(pool.reports.length, reported);
    await Promise.all([first.consul.restart(), second.consul.restart()]);
    await changesFlow();
  });

  test("keeps the list while the client agent itself is paused", async () => {
    await datacenter.client.pause();
    await pool.fails("timeout", RECOVERY_MS);
    assert.deepEqual(pool.list, [...expected].sort());
    await datacenter.client.unpause();
    await changesFlow();
  });
});

test("a wiped and restarted Consul: the list survives until the services are back, the index starts again", async () => {
  await using consul = await ConsulContainer.start();
  const service = { name: "web", id: "web-1", address: "192.0.2.1", port: 4001 };
  for (let round = 0; round < 50; round += 1) {
    await consul.http.call("PUT", `/v1/kv/round`, round);
  }
  await consul.http.register(service);
  await using pool = new WatchedPool({ address: `http://127.0.0.1:${consul.httpPort}` }, WATCH);
  await pool.shows(["192.0.2.1:4001"]);
  const before = pool.watcher.status().index;

  await consul.restartWiped();
  await until(
    () => pool.watcher.status().emptyUntil !== undefined,
    () => pool.watcher.status(),
    RECOVERY_MS,
  );
  assert.ok(pool.watcher.status().index < before, "the index fell");
  assert.deepEqual(pool.list, ["192.0.2.1:4001"]);

  await consul.http.register(service);
  await until(
    () => pool.watcher.status().emptyUntil === undefined,
    () => pool.watcher.status(),
  );
  await consul.http.register({ ...service, id: "web-2", port: 4002 });
  await pool.shows(["192.0.2.1:4001", "192.0.2.1:4002"], FOLLOWS_WITHIN_MS);
  assert.equal(pool.wasEmptied, false);
});

function sameAddresses(found: readonly string[], wanted: readonly string[]): boolean {
  return [...found].sort().join() === [...wanted].sort().join();
}
