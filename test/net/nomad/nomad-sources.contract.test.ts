/** The second half of the contract with Nomad's servers: what the heartbeat source and the monitor make of them. */
import assert from "node:assert/strict";
import { after, before, suite, type TestContext, test } from "node:test";
import { until } from "../../../scripts/lab/until.ts";
import { RpcProxy } from "../../../src/core/rpc-proxy.ts";
import type { ServerEndpoint } from "../../../src/core/server-endpoint.ts";
import { ConnectionPinger } from "../../../src/net/connection/connection-pinger.ts";
import { HeartbeatQuery } from "../../../src/net/nomad/heartbeat-query.ts";
import { NomadClient } from "../../../src/net/nomad/nomad-client.ts";
import { NomadConnection } from "../../../src/net/nomad/nomad-connection.ts";
import { nomadConnector } from "../../../src/net/nomad/nomad-connector.ts";
import { HealthMonitor } from "../../../src/sources/health/health-monitor.ts";
import { Penalties } from "../../../src/sources/health/penalties.ts";
import { AskedHeartbeats } from "../../../src/sources/heartbeat/asked-heartbeats.ts";
import type { Contact } from "../../../src/sources/heartbeat/contact.ts";
import { silentLogger, systemClock, systemRandom, systemResolver } from "../../../src/system-ports.ts";
import { begin, end } from "../../support/lives.ts";
import { IN_TIME } from "../connection/expectations.ts";
import { type ClusterUnderTest, clustersUnderTest } from "./cluster-under-test.ts";

/** Nobody listens there (RFC 863's discard port). */
const DEAD = "127.0.0.1:9";

/** Often, so that a second holds many pings, and patient, as for servers far away. */
const HEALTH = { intervalMs: 50, idleIntervalMs: 5_000, timeoutMs: 5_000, standby: true };

for (const cluster of clustersUnderTest()) {
  suite(`sources and ${cluster.title}`, () => {
    contract(cluster);
  });
}

function contract(cluster: ClusterUnderTest): void {
  const { settings } = cluster;
  let endpoints: readonly ServerEndpoint[] = [];
  before(async () => {
    endpoints = await cluster.start();
  });
  after(() => cluster.stop());

  /** The list, its monitor and its heartbeats, as a pool puts them together. */
  function sources(t: TestContext) {
    const ports = {
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      note: () => undefined,
      resolver: systemResolver,
    };
    const connector = nomadConnector(settings);
    const penalties = new Penalties(systemClock);
    const pinger = new ConnectionPinger(connector, IN_TIME);
    const identity = { datacenter: "dc1", region: settings.region, rpcMajorVersion: 1, rpcMinorVersion: 1 };
    const proxy = new RpcProxy({ ...ports, pinger, avoids: (key) => penalties.isAvoided(key) }, identity);
    const monitor = new HealthMonitor({ ...ports, proxy, connector, penalties }, HEALTH);
    const contacts: Contact[] = [];
    const question = new HeartbeatQuery(identity);
    const heartbeat = new AskedHeartbeats({
      ...ports,
      // The first heartbeat at once, so that a test can wait for it.
      random: () => 0,
      proxy,
      contactChanged: (contact) => {
        contacts.push(contact);
      },
      query: async (server, signal) => {
        const held = monitor.connectionTo(server.key);
        const lent = held instanceof NomadConnection ? held : undefined;
        const client = new NomadClient(server, settings, lent);
        try {
          return await question.ask(client, { ...IN_TIME, signal });
        } finally {
          client.close();
        }
      },
    });
    t.after(() => Promise.all([end(heartbeat), end(monitor)]));
    return { proxy, monitor, heartbeat, contacts };
  }

  test("a first heartbeat from one known server brings all of them as primaries, and a leader among them", async (t) => {
    const { proxy, heartbeat, contacts } = sources(t);
    begin(heartbeat);
    await proxy.addPrimaryServer(endpoints[0]?.key ?? "");
    await until(() => heartbeat.status().phase === "ok");
    const { servers } = proxy.snapshot();
    assert.ok(servers.length >= endpoints.length);
    assert.ok(proxy.serverRpcAddrs().includes(proxy.leaderAddr()), proxy.leaderAddr());
    assert.deepEqual(contacts, [], "contact is held");
  });

  test("healthy servers keep their place while they are pinged and asked over one connection", async (t) => {
    const { proxy, monitor, heartbeat } = sources(t);
    for (const { key } of endpoints) {
      await proxy.addPrimaryServer(key);
    }
    const head = proxy.findServer()?.key;
    const failed: string[] = [];
    proxy.subscribe(({ cause }) => {
      if (cause.occurrence === "server-failed") {
        failed.push(`${String(cause.server)}: ${String(cause.reason)}`);
      }
    });
    begin(monitor);
    await until(() => monitor.status().servers.every(({ state }) => state.phase === "up"));
    assert.equal(monitor.status().servers.length, Math.min(2, endpoints.length));
    begin(heartbeat);
    // A server of 0.4 closes the connection at the first heartbeat, for a method that it lacks; then it is asked no
    // more.
    await until(() => heartbeat.status().phase === "ok");
    await until(() => monitor.connectionTo(head ?? "") !== undefined);
    const lent = monitor.connectionTo(head ?? "");
    assert.ok(lent instanceof NomadConnection);
    const client = new NomadClient(lent.endpoint, settings, lent);
    for (let asked = 0; asked < 20; asked++) {
      await client.leader({ ...IN_TIME, allowStale: true });
      await new Promise((resolve) => setTimeout(resolve, HEALTH.intervalMs));
    }
    assert.deepEqual(failed, []);
    assert.equal(proxy.findServer()?.key, head);
    assert.equal(monitor.status().phase, "up");
  });

  test("dead servers ahead of a live one: it is the head after one pass", async (t) => {
    const { proxy, monitor } = sources(t);
    const [live] = endpoints;
    await proxy.addPrimaryServer(DEAD);
    await proxy.addPrimaryServer("127.0.0.1:13");
    await proxy.addPrimaryServer(live?.key ?? "");
    begin(monitor);
    await until(() => proxy.findServer()?.key === live?.key);
    await until(() => monitor.status().phase === "up");
  });
}
