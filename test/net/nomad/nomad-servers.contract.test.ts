import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, suite, test } from "node:test";
import { until } from "../../../scripts/lab/until.ts";
import { parseRpcAddr } from "../../../src/core/rpc-addr.ts";
import type { ServerEndpoint } from "../../../src/core/server-endpoint.ts";
import { ConnectionPinger } from "../../../src/net/connection/connection-pinger.ts";
import { HeartbeatQuery } from "../../../src/net/nomad/heartbeat-query.ts";
import { NomadClient } from "../../../src/net/nomad/nomad-client.ts";
import { type Answer, NomadConnection } from "../../../src/net/nomad/nomad-connection.ts";
import { nomadConnector } from "../../../src/net/nomad/nomad-connector.ts";
import { failsWith, IN_TIME } from "../connection/expectations.ts";
import { type ClusterUnderTest, clustersUnderTest } from "./cluster-under-test.ts";

const STALE = { ...IN_TIME, allowStale: true };
const NOTHING: Answer<undefined> = { keepBytes: 0, limitBytes: 1024, read: () => undefined };
const IDENTITY = { datacenter: "dc1", rpcMajorVersion: 1, rpcMinorVersion: 1 };

for (const cluster of clustersUnderTest()) {
  suite(`the contract with ${cluster.title}`, () => {
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

  /** Asks each server in turn, over one connection each. */
  async function askEach<T>(question: (client: NomadClient) => Promise<T>): Promise<T[]> {
    const answers: T[] = [];
    for (const endpoint of endpoints) {
      const client = new NomadClient(endpoint, settings);
      answers.push(await question(client));
      client.close();
    }
    return answers;
  }

  const openFirst = () => {
    const [first] = endpoints;
    assert.ok(first !== undefined);
    return NomadConnection.open(first, { ...IN_TIME, ...settings });
  };

  test("every server answers pings on one connection, a hundred at once too", async () => {
    for (const endpoint of endpoints) {
      const connection = await NomadConnection.open(endpoint, { ...IN_TIME, ...settings });
      await connection.ping(IN_TIME);
      await Promise.all(Array.from({ length: 100 }, () => connection.ping(IN_TIME)));
      assert.equal(connection.state.phase, "open");
      connection.close();
      assert.deepEqual(await connection.closed, { by: "caller" });
    }
  });

  test("every server names the same leader, stale or not, and it is one of the peers", async () => {
    const leaders = new Set([
      ...(await askEach((client) => client.leader(IN_TIME))),
      ...(await askEach((client) => client.leader(STALE))),
    ]);
    assert.equal(leaders.size, 1);
    const [leader = ""] = leaders;
    for (const peers of await askEach((client) => client.peers(STALE))) {
      assert.ok(peers.includes(leader), `${leader} in ${peers.join(", ")}`);
    }
  });

  test("every server names the same peers, each a host:port", async () => {
    const lists = await askEach((client) => client.peers(IN_TIME));
    assert.equal(new Set(lists.map((peers) => peers.toSorted().join())).size, 1);
    for (const peer of lists.flat()) {
      assert.doesNotThrow(() => parseRpcAddr(peer));
    }
  });

  test("nodes are counted", async () => {
    for (const count of await askEach((client) => client.nodeCount(STALE))) {
      assert.ok(Number.isInteger(count) && count >= 0);
    }
  });

  test("an unknown region is an application error, and the connection goes on", async () => {
    const connection = await openFirst();
    const client = new NomadClient(
      connection.endpoint,
      { ...settings, region: "no-such-region" },
      connection,
    );
    await assert.rejects(client.leader(IN_TIME), failsWith("no-path-to-region"));
    await connection.ping(IN_TIME);
    connection.close();
  });

  test("an unknown method is an application error, then the connection is closed", async () => {
    const connection = await openFirst();
    const asking = connection.call("Status.Nope", { Region: settings.region }, NOTHING, IN_TIME);
    await assert.rejects(asking, failsWith("unknown-method"));
    const closure = await connection.closed;
    assert.equal(closure.by === "failure" && closure.error.kind, "transport");
  });

  for (const [what, bytes] of [
    ["a wrong first byte", [0xff]],
    ["a header that is no msgpack", [0x01, 0xc1]],
  ] as const) {
    test(`${what} ends the connection without a word`, async () => {
      const [first] = endpoints;
      const socket = connect(first?.port ?? 0, first?.addresses[0]);
      let received = 0;
      let closed = false;
      socket.on("data", (chunk) => {
        received += chunk.length;
      });
      socket.on("error", () => undefined);
      socket.on("close", () => {
        closed = true;
      });
      socket.write(Uint8Array.from(bytes));
      await until(() => closed);
      assert.equal(received, 0);
    });
  }

  test("a heartbeat from every server names the same servers and leader, and the leader among them", async () => {
    const heartbeats = await askEach((client) =>
      new HeartbeatQuery({ ...IDENTITY, region: settings.region }).ask(client, IN_TIME),
    );
    const addresses = heartbeats.map(({ servers }) =>
      servers.map((server) => server.rpcAdvertiseAddr).toSorted(),
    );
    for (const [index, heartbeat] of heartbeats.entries()) {
      assert.deepEqual(addresses[index], addresses[0]);
      assert.equal(heartbeat.leaderRpcAddr, heartbeats[0]?.leaderRpcAddr);
      assert.ok(addresses[index]?.includes(heartbeat.leaderRpcAddr));
      assert.equal(heartbeat.countFailure, undefined);
      assert.ok(heartbeat.numNodes !== undefined);
      for (const server of heartbeat.servers) {
        assert.equal(server.rpcMajorVersion, 1);
        assert.notEqual(server.datacenter, "");
      }
    }
  });

  test("a second heartbeat works on the same client, whatever the first one cost, and counts no nodes", async () => {
    const query = new HeartbeatQuery({ ...IDENTITY, region: settings.region });
    await askEach(async (client) => {
      const first = await query.ask(client, IN_TIME);
      const second = await query.ask(client, IN_TIME);
      const addresses = [first, second].map(({ servers }) =>
        servers.map((server) => server.rpcAdvertiseAddr).toSorted(),
      );
      assert.deepEqual(addresses[1], addresses[0]);
      assert.equal(second.numNodes, undefined);
    });
  });

  test("every server answers the pinger", async () => {
    const pinger = new ConnectionPinger(nomadConnector(settings), IN_TIME);
    const context = { region: settings.region, apiMajorVersion: 1, signal: new AbortController().signal };
    await Promise.all(endpoints.map((endpoint) => pinger.ping(endpoint, context)));
  });
}
