import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { until } from "../../../scripts/lab/until.ts";
import { ServerEndpoint } from "../../../src/core/server-endpoint.ts";
import { encodeRaw, type RawValue } from "../../../src/dev/raw-encoder.ts";
import { StandInCluster } from "../../../src/dev/stand-in-cluster.ts";
import type { StandInServer } from "../../../src/dev/stand-in-server.ts";
import type { StandInFault } from "../../../src/dev/stand-in-session.ts";
import { NomadClient } from "../../../src/net/nomad/nomad-client.ts";
import { NomadConnection } from "../../../src/net/nomad/nomad-connection.ts";
import { scriptedServer } from "../../support/scripted-server.ts";
import { BRIEFLY, failsWith, IN_TIME } from "../connection/expectations.ts";

const REGION = { region: "global" };

suite("what a misbehaving server ends in", () => {
  const cluster = new StandInCluster({ size: 1, view: { leaderWaitMs: 20, nodeCount: 7 } });
  let server: StandInServer;
  let endpoint: ServerEndpoint;

  before(async () => {
    await cluster.start();
    const [first] = cluster.servers;
    assert.ok(first !== undefined);
    server = first;
    endpoint = ServerEndpoint.fromLiteral(server.address);
  });
  after(() => cluster.stop());

  /** A connection to the server, which misbehaves from now on. */
  async function connectionUnder(fault: StandInFault): Promise<NomadConnection> {
    server.misbehave({ kind: "none" });
    const connection = await NomadConnection.open(endpoint, { ...IN_TIME, ...REGION });
    await connection.ping(IN_TIME);
    server.misbehave(fault);
    return connection;
  }

  async function codeOfClosure(connection: NomadConnection): Promise<string> {
    const closure = await connection.closed;
    return closure.by === "failure" ? closure.error.code : closure.by;
  }

  test("closes each connection after accepting: the ping fails, the connection is closed", async () => {
    server.misbehave({ kind: "close-after-accept" });
    const connection = await NomadConnection.open(endpoint, { ...IN_TIME, ...REGION });
    await assert.rejects(connection.ping(IN_TIME), (error: Error) => {
      assert.match((error as { code?: string }).code ?? "", /^connection-(closed|reset)$/);
      return true;
    });
    assert.match(await codeOfClosure(connection), /^connection-(closed|reset)$/);
  });

  test("answers garbage: a protocol error, and the connection is closed", async () => {
    const connection = await connectionUnder({ kind: "garbage" });
    await assert.rejects(connection.ping(IN_TIME), failsWith("malformed-message"));
    assert.equal(await codeOfClosure(connection), "malformed-message");
  });

  test("claims a length of 1 GB: a protocol error at once, and no memory is taken", async () => {
    const connection = await connectionUnder({ kind: "huge-length" });
    // Taken, if not yet touched: the system counts only the latter.
    const before = process.memoryUsage().arrayBuffers;
    await assert.rejects(connection.ping(IN_TIME), failsWith("message-too-large"));
    assert.equal(await codeOfClosure(connection), "message-too-large");
    assert.ok(process.memoryUsage().arrayBuffers - before < 16 * 1024 * 1024);
  });

  test("answers after the timeout: the call fails, the answer is dropped, the connection goes on", async () => {
    const connection = await connectionUnder({ kind: "late", delayMs: 400 });
    await assert.rejects(connection.ping({ timeoutMs: 50 }), failsWith("call-timeout"));
    server.misbehave({ kind: "none" });
    await connection.ping(IN_TIME);
    assert.equal(connection.state.phase, "open");
    connection.close();
  });

  test("answers slowly but in time: no error", async () => {
    const connection = await connectionUnder({ kind: "late", delayMs: 100 });
    await connection.ping(IN_TIME);
    connection.close();
  });

  test("answers slowly but in time, other calls first: a ping that waits behind them is no error", async () => {
    // The two answers take 1,200 ms together: more than the ping may, each of them far less.
    const connection = await connectionUnder({ kind: "late", delayMs: 600 });
    const client = new NomadClient(endpoint, REGION, connection);
    const leader = client.leader({ ...IN_TIME, allowStale: true });
    await connection.ping({ timeoutMs: 1_000 });
    await leader;
    connection.close();
  });

  test("sends its answers in halves: no error", async () => {
    const connection = await connectionUnder({ kind: "two-halves", delayMs: 20 });
    const client = new NomadClient(endpoint, REGION, connection);
    assert.equal(await client.leader({ ...IN_TIME, allowStale: true }), server.view.leader);
    await connection.ping(IN_TIME);
    connection.close();
  });

  test("sends half a message and falls silent: a timeout, the connection stays open", async () => {
    const connection = await connectionUnder({ kind: "half-message", thenClose: false });
    await assert.rejects(connection.ping(BRIEFLY), failsWith("call-timeout"));
    assert.equal(connection.state.phase, "open");
    connection.close();
  });

  test("sends half a message and closes: a transport error", async () => {
    const connection = await connectionUnder({ kind: "half-message", thenClose: true });
    await assert.rejects(connection.ping(IN_TIME), failsWith("connection-closed"));
  });

  test("never answers: a timeout, or the reason of the signal", async () => {
    const connection = await connectionUnder({ kind: "silence" });
    await assert.rejects(connection.ping(BRIEFLY), failsWith("call-timeout"));
    const abort = new AbortController();
    const ping = connection.ping({ ...IN_TIME, signal: abort.signal });
    const reason = new Error("shutting down");
    abort.abort(reason);
    await assert.rejects(ping, (error) => error === reason);
    connection.close();
  });

  test("answers an application error: its text on one line, the connection stays open", async () => {
    const connection = await connectionUnder({ kind: "application-error", message: "disk\nfull \x1b[31m" });
    await assert.rejects(connection.ping(IN_TIME), (error: Error) => {
      failsWith("application-error")(error);
      assert.ok(error.message.endsWith("Status.Ping: disk full  [31m"), error.message);
      return true;
    });
    server.misbehave({ kind: "none" });
    await connection.ping(IN_TIME);
    connection.close();
  });

  test("has no leader: a stale read names none, another one is held and then fails", async () => {
    const connection = await connectionUnder({ kind: "none" });
    const client = new NomadClient(endpoint, REGION, connection);
    const { leader } = server.view;
    server.know({ leader: "" });
    assert.equal(await client.leader({ ...IN_TIME, allowStale: true }), "");
    await assert.rejects(client.leader(IN_TIME), failsWith("no-leader"));
    await client.ping(IN_TIME);
    server.know({ leader });
    connection.close();
  });

  test("dies: calls in flight fail, the connection closes, the next connect is refused, and later it is back", async () => {
    const connection = await connectionUnder({ kind: "silence" });
    const client = new NomadClient(endpoint, REGION);
    const pings = server.requestCount("Status.Ping");
    const failed = assert.rejects(connection.ping(IN_TIME), (error: Error) =>
      /^connection-/.test((error as { code?: string }).code ?? ""),
    );
    await until(() => server.requestCount("Status.Ping") > pings);
    await cluster.stopServer(server);
    await failed;
    assert.match(await codeOfClosure(connection), /^connection-/);
    await assert.rejects(client.ping(IN_TIME), failsWith("connection-refused"));
    await cluster.startServer(server);
    server.misbehave({ kind: "none" });
    await client.ping(IN_TIME);
    client.close();
  });
});

test("answers a request that was never sent, or to another method: a protocol error, and the connection is closed", async (t) => {
  for (const stray of [
    { Error: "", Seq: 7, ServiceMethod: "Status.Ping" },
    { Error: "", Seq: 0, ServiceMethod: "Status.Ping" },
    { Error: "", Seq: 1, ServiceMethod: "Status.Leader" },
  ]) {
    const server = await scriptedServer(t, (socket) => {
      socket.once("data", () => socket.write(Buffer.concat([encodeRaw(stray), encodeRaw({})])));
    });
    const connection = await NomadConnection.open(server.endpoint, { ...IN_TIME, ...REGION });
    await assert.rejects(connection.ping(IN_TIME), failsWith("malformed-message"));
    const closure = await connection.closed;
    assert.equal(closure.by === "failure" && closure.error.code, "malformed-message");
  }
});

test("an answer that arrives piece by piece proves life to a ping behind it, but not without end", async (t) => {
  const header = encodeRaw({ Error: "", Seq: 1, ServiceMethod: "Status.Leader" });
  // An array 32 of 100,000 small numbers: it takes a byte each.
  const endless = Buffer.concat([header, Buffer.of(0xdd, 0, 1, 0x86, 0xa0)]);
  const server = await scriptedServer(t, (socket) => {
    socket.once("data", () => {
      socket.write(endless);
      const drip = setInterval(() => socket.write(Buffer.of(0)), 5);
      socket.once("close", () => {
        clearInterval(drip);
      });
    });
  });
  const connection = await NomadConnection.open(server.endpoint, { ...IN_TIME, ...REGION });
  const client = new NomadClient(server.endpoint, REGION, connection);
  const leader = assert.rejects(
    client.leader({ ...IN_TIME, allowStale: true }),
    failsWith("connection-closed"),
  );
  const startedAt = performance.now();
  await connection.ping({ timeoutMs: 50 });
  await connection.ping({ timeoutMs: 50 });
  // It fails as soon as the answer has taken 20 times as long as a ping may.
  await assert.rejects(async () => {
    for (;;) {
      await connection.ping({ timeoutMs: 50 });
    }
  }, failsWith("call-timeout"));
  assert.ok(performance.now() - startedAt >= 500);
  connection.close();
  await leader;
});

test("nodes are counted by the start of the answer, and its connection is closed without waiting for the rest", async (t) => {
  const header = encodeRaw({ Error: "", Seq: 1, ServiceMethod: "Node.List" });
  // A map of two: an index, and an array 32 of 100,000 nodes of which none ever comes.
  const start = Buffer.concat([
    Buffer.of(0x82),
    encodeRaw("Index"),
    Buffer.of(7),
    encodeRaw("Nodes"),
    Buffer.of(0xdd, 0, 1, 0x86, 0xa0),
  ]);
  const server = await scriptedServer(t, (socket) => {
    socket.once("data", () => {
      socket.write(Buffer.concat([header, start.subarray(0, 9)]));
      setImmediate(() => socket.write(start.subarray(9)));
    });
  });
  const client = new NomadClient(server.endpoint, REGION);
  assert.equal(await client.nodeCount({ timeoutMs: 2_000, allowStale: true }), 100_000);
  await until(() => server.sockets.size === 0);
});

test("a late answer of any size is passed over", async (t) => {
  const answer = (seq: number, body: RawValue) =>
    Buffer.concat([encodeRaw({ Error: "", Seq: seq, ServiceMethod: "Status.Ping" }), encodeRaw(body)]);
  let requests = 0;
  const server = await scriptedServer(t, (socket) => {
    socket.on("data", (chunk) => {
      requests += chunk.toString("latin1").split("Status.Ping").length - 1;
      if (requests === 2) {
        socket.write(Buffer.concat([answer(1, "x".repeat(1_000_000)), answer(2, {})]));
      }
    });
  });
  const connection = await NomadConnection.open(server.endpoint, { ...IN_TIME, ...REGION });
  await assert.rejects(connection.ping({ timeoutMs: 20 }), failsWith("call-timeout"));
  await connection.ping(IN_TIME);
  connection.close();
});

test("calls that are made at the same time share one connection, also after it was lost", async () => {
  const cluster = new StandInCluster({ size: 1 });
  await cluster.start();
  const [server] = cluster.servers;
  assert.ok(server !== undefined);
  const client = new NomadClient(ServerEndpoint.fromLiteral(server.address), REGION);
  const three = () => Promise.all([client.ping(IN_TIME), client.leader(IN_TIME), client.peers(IN_TIME)]);
  await three();
  await until(() => server.openConnections === 1);
  await cluster.stopServer(server);
  await cluster.startServer(server);
  // It may or may not have noticed yet that its connection is gone.
  await client.ping(IN_TIME).catch(() => undefined);
  await three();
  await until(() => server.openConnections === 1);
  client.close();
  await until(() => server.openConnections === 0);
  await cluster.stop();
});
