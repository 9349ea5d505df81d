import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import { RpcProxy } from "../../../src/core/rpc-proxy.ts";
import { HeartbeatQuery } from "../../../src/net/nomad/heartbeat-query.ts";
import { NomadClient } from "../../../src/net/nomad/nomad-client.ts";
import { CONFIG, fakePorts } from "../../support/fake-ports.ts";
import type { Scope } from "../../support/scope.ts";
import { scriptedServer } from "../../support/scripted-server.ts";
import { IN_TIME } from "../connection/expectations.ts";
import { RECORDED, type RecordedExchange } from "./recorded-exchanges.ts";

/** Which recorded exchange answers each call of a heartbeat; the first that was recorded of the server. */
const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  "Status.Leader": ["leader-stale"],
  "Status.Members": ["members"],
  "Status.Peers": ["peers-stale", "peers"],
  "Node.List": ["node-list-stale", "node-list"],
};

/** Plays one recorded server: each request gets the recorded answer to its method, under the request's Seq. */
function play(socket: Socket, recorded: readonly RecordedExchange[]): void {
  socket.on("data", (chunk) => {
    for (const request of chunk.toString("latin1").split("ServiceMethod").slice(1)) {
      const method = /[\w.]+/.exec(request)?.[0] ?? "";
      const seq = request.charCodeAt(request.indexOf("Seq") + 3);
      const name = ANSWERS[method]?.find((one) => recorded.some((exchange) => exchange.name === one));
      const exchange = recorded.find((one) => one.name === name);
      assert.ok(exchange !== undefined, method);
      const answer = Buffer.from(exchange.received);
      answer[answer.indexOf("Seq") + 3] = seq;
      socket.write(answer);
      if (exchange.connectionClosedByServer) {
        socket.end();
      }
    }
  });
}

const OLD = ["127.0.0.1:24657", "127.0.0.1:24667", "127.0.0.1:24677"];
const NEW = ["127.0.0.1:14657", "127.0.0.1:14667", "127.0.0.1:14677"];
const CASES: readonly [server: string, role: string, servers: readonly string[], leader: string][] = [
  ["0.4.0", "leader", OLD, "127.0.0.1:24677"],
  ["0.4.0", "follower", OLD, "127.0.0.1:24677"],
  ["1.0.18", "leader", NEW, "127.0.0.1:14667"],
  ["1.0.18", "follower", NEW, "127.0.0.1:14667"],
  ["1.0.18", "no-quorum", NEW, ""],
];

for (const [version, role, servers, leader] of CASES) {
  const recorded = RECORDED.filter((exchange) => exchange.server === version && exchange.role === role);

  const heartbeatOf = async (scope: Scope) => {
    const server = await scriptedServer(scope, (socket) => {
      play(socket, recorded);
    });
    const client = new NomadClient(server.endpoint, { region: "global" });
    const heartbeat = await new HeartbeatQuery(CONFIG).ask(client, IN_TIME);
    client.close();
    return heartbeat;
  };

  test(`a heartbeat from ${version}, ${role}: the right primaries, leader and number of nodes`, async (t) => {
    const heartbeat = await heartbeatOf(t);
    const proxy = new RpcProxy(fakePorts(), CONFIG);
    await proxy.refreshServerLists(heartbeat.servers, heartbeat.numNodes ?? -1, heartbeat.leaderRpcAddr);
    const primaries = proxy.snapshot().serversOf("primary");
    assert.deepEqual(primaries.map(({ key }) => key).sort(), servers);
    assert.equal(proxy.leaderAddr(), leader);
    assert.equal(proxy.numNodes(), 0);
  });
}

test("servers of 1.0.18 speak API 1.1: an agent of API 1.0 takes none of them, one in another datacenter as backups", async (t) => {
  const recorded = RECORDED.filter(({ server, role }) => server === "1.0.18" && role === "leader");
  const server = await scriptedServer(t, (socket) => {
    play(socket, recorded);
  });
  const client = new NomadClient(server.endpoint, { region: "global" });
  const { servers } = await new HeartbeatQuery(CONFIG).ask(client, IN_TIME);
  client.close();
  const older = new RpcProxy(fakePorts(), { ...CONFIG, rpcMinorVersion: 0 });
  await older.refreshServerLists(servers, 0, "");
  assert.equal(older.numServers(), 0);
  const elsewhere = new RpcProxy(fakePorts(), { ...CONFIG, datacenter: "dc2" });
  await elsewhere.refreshServerLists(servers, 0, "");
  assert.equal(elsewhere.snapshot().serversOf("backup").length, 3);
});
