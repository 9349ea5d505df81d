import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { until } from "../../../scripts/lab/until.ts";
import { ServerEndpoint } from "../../../src/core/server-endpoint.ts";
import { TcpConnection } from "../../../src/net/connection/tcp-connection.ts";
import { closedPort, scriptedServer } from "../../support/scripted-server.ts";
import { BRIEFLY, failsWith, IN_TIME } from "./expectations.ts";

/** A port on which nothing listens: it was just closed. */
async function refusingEndpoint(t: TestContext): Promise<ServerEndpoint> {
  return ServerEndpoint.fromLiteral(`127.0.0.1:${await closedPort(t)}`);
}

test("an open connection answers pings until the server goes, and tells why it closed", async (t) => {
  const server = await scriptedServer(t, (socket) => socket.write("220 hello\r\n"));
  const connection = await TcpConnection.open(server.endpoint, IN_TIME);
  await connection.ping(BRIEFLY);
  assert.equal(connection.state.phase, "open");
  await until(() => server.sockets.size === 1);
  for (const socket of server.sockets) {
    socket.end();
  }
  const closure = await connection.closed;
  assert.equal(closure.by === "failure" && closure.error.code, "connection-closed");
  assert.equal(connection.state.phase, "closed");
  await assert.rejects(connection.ping(BRIEFLY), failsWith("connection-closed"));
});

test("a reset connection closes with connection-reset", async (t) => {
  const server = await scriptedServer(t, () => undefined);
  const connection = await TcpConnection.open(server.endpoint, IN_TIME);
  await until(() => server.sockets.size === 1);
  for (const socket of server.sockets) {
    socket.resetAndDestroy();
  }
  const closure = await connection.closed;
  assert.equal(closure.by === "failure" && closure.error.code, "connection-reset");
});

test("closing is idempotent, and the closure says that it was the caller", async (t) => {
  const server = await scriptedServer(t, () => undefined);
  const connection = await TcpConnection.open(server.endpoint, IN_TIME);
  connection.close();
  connection.close();
  assert.deepEqual(await connection.closed, { by: "caller" });
  await until(() => server.sockets.size === 0);
});

test("a port that nobody listens on refuses", async (t) => {
  await assert.rejects(
    TcpConnection.open(await refusingEndpoint(t), IN_TIME),
    failsWith("connection-refused"),
  );
});

test("the addresses are tried in order, the first one that accepts is used", async (t) => {
  const server = await scriptedServer(t, () => undefined);
  const { endpoint } = server;
  const connection = await TcpConnection.open(endpoint.withAddresses(["127.0.0.9", "127.0.0.1"]), IN_TIME);
  await until(() => server.sockets.size === 1);
  connection.close();
});

test("when no address accepts, the error lists them and keeps each one's own", async (t) => {
  const endpoint = (await refusingEndpoint(t)).withAddresses(["127.0.0.8", "127.0.0.9"]);
  await assert.rejects(TcpConnection.open(endpoint, IN_TIME), (error: Error) => {
    failsWith("connection-refused")(error);
    assert.match(error.message, /127\.0\.0\.8 connection-refused, 127\.0\.0\.9 connection-refused/);
    assert.ok(error.cause instanceof AggregateError);
    return true;
  });
});

test("an aborted signal ends an attempt with its reason", async (t) => {
  const reason = new Error("not wanted any more");
  const opening = TcpConnection.open(await refusingEndpoint(t), {
    ...IN_TIME,
    signal: AbortSignal.abort(reason),
  });
  await assert.rejects(opening, (error) => error === reason);
});

test("an attempt that is let go while it connects leaves no socket", async (t) => {
  const server = await scriptedServer(t, () => undefined);
  const sockets = () => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
  // Those of earlier tests may take a moment to go.
  await until(() => sockets() === 0);
  const abort = new AbortController();
  const opening = TcpConnection.open(server.endpoint, { ...IN_TIME, signal: abort.signal });
  const reason = new Error("not wanted any more");
  abort.abort(reason);
  await assert.rejects(opening, (error) => error === reason);
  await until(() => sockets() === 0);
});
