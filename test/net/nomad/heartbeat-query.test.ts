import assert from "node:assert/strict";
import { afterEach, beforeEach, suite, test } from "node:test";
import { until } from "../../../scripts/lab/until.ts";
import { ServerEndpoint } from "../../../src/core/server-endpoint.ts";
import { encodeRaw } from "../../../src/dev/raw-encoder.ts";
import { StandInServer } from "../../../src/dev/stand-in-server.ts";
import type { StandInMember } from "../../../src/dev/stand-in-view.ts";
import { HeartbeatQuery } from "../../../src/net/nomad/heartbeat-query.ts";
import { nodeCountIntervalMs } from "../../../src/net/nomad/node-count-pace.ts";
import { NomadClient } from "../../../src/net/nomad/nomad-client.ts";
import { NomadConnection } from "../../../src/net/nomad/nomad-connection.ts";
import type { Scope } from "../../support/scope.ts";
import { type ScriptedServer, scriptedServer } from "../../support/scripted-server.ts";
import { failsWith, IN_TIME } from "../connection/expectations.ts";

const IDENTITY = { region: "global", datacenter: "dc1", rpcMajorVersion: 1, rpcMinorVersion: 1 };
const MINUTE = 60_000;

const member = (name: string, address: string, more: Partial<StandInMember> = {}): StandInMember => ({
  name,
  address,
  ...more,
});
const info = (rpcAdvertiseAddr: string, more: object = {}) => ({
  rpcAdvertiseAddr,
  rpcMajorVersion: 1,
  rpcMinorVersion: 1,
  datacenter: "dc1",
  ...more,
});

/** A server that claims to have so many nodes, and sends none of them. */
function countingServer(scope: Scope, claimed: () => number): Promise<ScriptedServer> {
  return scriptedServer(scope, (socket) => {
    const header = (seq: number, method: string) => encodeRaw({ Error: "", Seq: seq, ServiceMethod: method });
    let seq = 0;
    socket.on("data", (chunk) => {
      for (const [method] of chunk.toString("latin1").matchAll(/Status\.(Leader|Members|Ping)|Node\.List/g)) {
        seq += 1;
        if (method === "Node.List") {
          const length = Buffer.alloc(4);
          length.writeUInt32BE(claimed());
          const nodes = Buffer.concat([Buffer.of(0x81), encodeRaw("Nodes"), Buffer.of(0xdd), length]);
          socket.write(Buffer.concat([header(seq, method), nodes]));
        } else {
          const members = { Members: null, ServerName: "s1", ServerRegion: "global", ServerDC: "dc1" };
          socket.write(
            Buffer.concat([header(seq, method), encodeRaw(method === "Status.Members" ? members : "")]),
          );
        }
      }
    });
  });
}

suite("a heartbeat", () => {
  let server: StandInServer;
  let client: NomadClient;
  let now = 0;
  const newQuery = () => new HeartbeatQuery(IDENTITY, () => now);

  beforeEach(async () => {
    now = 0;
    server = new StandInServer({
      view: {
        members: [member("s1", "10.0.0.1:4647"), member("s2", "10.0.0.2:4647")],
        leader: "10.0.0.2:4647",
        nodeCount: 12,
      },
    });
    await server.start();
    client = new NomadClient(ServerEndpoint.fromLiteral(server.address), { region: "global" });
  });
  afterEach(async () => {
    client.close();
    await server.stop();
  });

  test("names servers with datacenter and version, the leader, and the number of nodes", async () => {
    server.know({
      members: [
        member("s1", "10.0.0.1:4647"),
        member("s2", "10.0.0.2:5647", { datacenter: "dc2", tags: { vsn: "2", mvn: "7" } }),
        member("s3", "10.0.0.3:4647", { tags: { mvn: undefined } }),
        member("s4", "10.0.0.4:4647", { tags: { rpc_addr: "2001:db8::4" } }),
      ],
    });
    assert.deepEqual(await newQuery().ask(client, IN_TIME), {
      servers: [
        info("10.0.0.1:4647"),
        info("10.0.0.2:5647", { datacenter: "dc2", rpcMajorVersion: 2, rpcMinorVersion: 7 }),
        info("10.0.0.3:4647", { rpcMinorVersion: 0 }),
        info("[2001:db8::4]:4647"),
      ],
      numNodes: 12,
      countFailure: undefined,
      leaderRpcAddr: "10.0.0.2:4647",
    });
  });

  test("of a server of another region, which passes questions on to ours: our servers, and its own region", async () => {
    server.know({ region: "emea", members: [member("s1", "10.0.0.1:4647", { region: "global" })] });
    const { servers, otherRegion } = await newQuery().ask(client, IN_TIME);
    assert.deepEqual(servers, [info("10.0.0.1:4647")]);
    assert.equal(otherRegion, "emea");
    assert.equal(await newQuery().otherRegion(client, IN_TIME), "emea");
  });

  test("a server that tells no region, or may not, is one of ours", async () => {
    assert.equal(await newQuery().otherRegion(client, IN_TIME), undefined);
    server.know({ region: "emea", members: [member("s1", "10.0.0.1:4647", { region: "global" })] });
    server.know({ generation: "0.4" });
    assert.equal(await newQuery().otherRegion(client, IN_TIME), undefined);
    server.know({ generation: "1.0", token: "secret" });
    assert.equal(await newQuery().otherRegion(client, IN_TIME), undefined);
  });

  test("leaves out who is not alive, of another region, or no Nomad server", async () => {
    server.know({
      members: [
        member("s1", "10.0.0.1:4647"),
        member("s2", "10.0.0.2:4647", { status: "failed" }),
        member("s3", "10.0.0.3:4647", { status: "left" }),
        member("s4", "10.0.0.4:4647", { status: "leaving" }),
        member("s5", "10.0.0.5:4647", { region: "emea" }),
        member("s6", "10.0.0.6:4647", { tags: { role: "consul" } }),
        member("s7", "10.0.0.7:4647", { tags: { role: undefined } }),
      ],
    });
    assert.deepEqual((await newQuery().ask(client, IN_TIME)).servers, [info("10.0.0.1:4647")]);
  });

  test("of a server before 0.5 comes from the peers, which get our datacenter and version", async () => {
    server.know({ generation: "0.4" });
    const query = newQuery();
    const { servers } = await query.ask(client, IN_TIME);
    assert.deepEqual(servers, [info("10.0.0.1:4647"), info("10.0.0.2:4647")]);
  });

  test("asks an old server for its members once, and again after ten minutes, when it may be a new one", async () => {
    server.know({ generation: "0.4" });
    const query = newQuery();
    await query.ask(client, IN_TIME);
    now = 9 * MINUTE;
    await query.ask(client, IN_TIME);
    assert.equal(server.requestCount("Status.Members"), 1);
    server.know({ generation: "1.0", members: [member("s1", "10.0.0.1:4647", { datacenter: "dc9" })] });
    now = 10 * MINUTE;
    const { servers } = await query.ask(client, IN_TIME);
    assert.deepEqual(servers, [info("10.0.0.1:4647", { datacenter: "dc9" })]);
  });

  test("without the rights comes from the peers, without a count, and keeps the connection", async () => {
    server.know({ token: "secret" });
    const heartbeat = await newQuery().ask(client, IN_TIME);
    assert.deepEqual(heartbeat.servers, [info("10.0.0.1:4647"), info("10.0.0.2:4647")]);
    assert.equal(heartbeat.numNodes, undefined);
    assert.equal(heartbeat.countFailure?.code, "permission-denied");
    assert.equal(heartbeat.leaderRpcAddr, "10.0.0.2:4647");
    // One for the heartbeat, one for the count.
    assert.equal(server.acceptedConnections, 2);
    await until(() => server.openConnections === 1);
  });

  test("with a wrong token comes from the peers; with the right one from the members", async () => {
    server.know({ token: "secret", members: [member("s1", "10.0.0.1:4647", { datacenter: "dc9" })] });
    const settings = { region: "global", token: "wrong" };
    const wrong = new NomadClient(client.endpoint, settings);
    assert.deepEqual((await newQuery().ask(wrong, IN_TIME)).servers, [info("10.0.0.1:4647")]);
    wrong.close();
    const right = new NomadClient(client.endpoint, { ...settings, token: "secret" });
    const { servers, numNodes } = await newQuery().ask(right, IN_TIME);
    assert.deepEqual(servers, [info("10.0.0.1:4647", { datacenter: "dc9" })]);
    assert.equal(numNodes, 12);
    right.close();
  });

  test("takes from the peers those members that name no RPC address", async () => {
    server.know({
      members: [
        member("s1", "10.0.0.1:4647", { datacenter: "dc9" }),
        member("s2", "10.0.0.2:4647", { tags: { rpc_addr: undefined } }),
      ],
    });
    const { servers } = await newQuery().ask(client, IN_TIME);
    assert.deepEqual(servers, [info("10.0.0.1:4647", { datacenter: "dc9" }), info("10.0.0.2:4647")]);
  });

  test("of a server without a leader names none, at once", async () => {
    server.know({ leader: "" });
    const heartbeat = await newQuery().ask(client, IN_TIME);
    assert.equal(heartbeat.leaderRpcAddr, "");
    assert.equal(heartbeat.servers.length, 2);
    assert.equal(heartbeat.numNodes, 12);
  });

  test("counts the nodes no more often than their number allows", async () => {
    const query = newQuery();
    const numNodes = async () => (await query.ask(client, IN_TIME)).numNodes;
    assert.equal(await numNodes(), 12);
    now = MINUTE - 1;
    assert.equal(await numNodes(), undefined);
    now = MINUTE;
    server.know({ nodeCount: 0 });
    assert.equal(await numNodes(), 0);
  });

  test("counts the nodes once more before it goes by a number that surprises", async () => {
    const query = newQuery();
    const countedAt = async (minute: number, nodeCount: number) => {
      now = minute * MINUTE;
      server.know({ nodeCount });
      return (await query.ask(client, IN_TIME)).numNodes;
    };
    // 2 servers: 2,000 nodes are counted every 2,000 s, 33 min.
    assert.equal(await countedAt(0, 2_000), 2_000);
    assert.equal(await countedAt(1, 2_000), 2_000, "the first number is none to go by");
    assert.equal(await countedAt(2, 2_000), undefined);
    assert.equal(await countedAt(35, 20_001), 20_001);
    assert.equal(await countedAt(36, 2_000), 2_000);
    assert.equal(await countedAt(37, 2_000), undefined);
  });

  test("takes no number of nodes that a fleet can't have, and counts again a minute later", async (t) => {
    let claimed = 500_000_000;
    const absurd = await countingServer(t, () => claimed);
    const asker = new NomadClient(absurd.endpoint, { region: "global" });
    const query = newQuery();
    const refused = await query.ask(asker, IN_TIME);
    assert.equal(refused.numNodes, undefined);
    assert.equal(refused.countFailure?.code, "unexpected-answer");
    assert.match(refused.countFailure.message, /counts 500000000 nodes, expected at most 10000000$/);
    claimed = 4_294_967_295;
    now = MINUTE;
    assert.equal((await query.ask(asker, IN_TIME)).countFailure?.kind, "protocol");
    claimed = 30;
    now = 2 * MINUTE;
    assert.equal((await query.ask(asker, IN_TIME)).numNodes, 30);
    asker.close();
  });

  test("uses a connection it is lent and leaves it open; an old server costs it, then the client has its own", async () => {
    const lent = await NomadConnection.open(client.endpoint, { ...IN_TIME, region: "global" });
    const borrower = new NomadClient(client.endpoint, { region: "global" }, lent);
    const query = newQuery();
    await query.ask(borrower, IN_TIME);
    borrower.close();
    assert.equal(lent.state.phase, "open");
    // The lent one, and one for the count.
    assert.equal(server.acceptedConnections, 2);
    server.know({ generation: "0.4" });
    await query.ask(borrower, IN_TIME);
    assert.equal(lent.state.phase, "closed");
    assert.equal(server.acceptedConnections, 3);
    borrower.close();
  });

  test("fails as a whole when the server answers nothing, is gone, or the caller lets go", async () => {
    server.misbehave({ kind: "silence" });
    await assert.rejects(newQuery().ask(client, { timeoutMs: 100 }), failsWith("call-timeout"));
    const reason = new Error("stopping");
    const asking = newQuery().ask(client, { ...IN_TIME, signal: AbortSignal.abort(reason) });
    await assert.rejects(asking, (error) => error === reason);
    client.close();
    await server.stop();
    await assert.rejects(newQuery().ask(client, IN_TIME), failsWith("connection-refused"));
  });
});

const INTERVALS: readonly [numNodes: number, numServers: number, seconds: number][] = [
  [0, 5, 60],
  [100, 5, 60],
  [1000, 5, 200],
  [1000, 0, 1000],
  [10_000, 5, 20_000],
  [20_000, 5, 80_000],
  [20_785, 5, 86_400],
  [100_000, 5, 86_400],
  [10_000_000, 1, 86_400],
];

for (const [numNodes, numServers, seconds] of INTERVALS) {
  test(`${numNodes} nodes on ${numServers} servers are counted every ${seconds} s`, () => {
    assert.equal(nodeCountIntervalMs(numNodes, numServers), seconds * 1000);
  });
}
