import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../../../scripts/lab/until.ts";
import type { PingContext } from "../../../src/core/ports.ts";
import { ServerEndpoint } from "../../../src/core/server-endpoint.ts";
import { StandInCluster } from "../../../src/dev/stand-in-cluster.ts";
import { ConnectionError, type ErrorCode } from "../../../src/net/connection/connection-error.ts";
import { ConnectionPinger } from "../../../src/net/connection/connection-pinger.ts";
import { TcpConnection } from "../../../src/net/connection/tcp-connection.ts";
import { nomadConnector } from "../../../src/net/nomad/nomad-connector.ts";
import { scriptedServer } from "../../support/scripted-server.ts";
import { failsWith, IN_TIME } from "./expectations.ts";

const context: PingContext = {
  region: "global",
  apiMajorVersion: 1,
  signal: new AbortController().signal,
};

test("a ping opens a connection of its own and closes it", async (t) => {
  const server = await scriptedServer(t, () => undefined);
  const pinger = new ConnectionPinger(TcpConnection, IN_TIME);
  await pinger.ping(server.endpoint, context);
  await until(() => server.sockets.size === 0);
});

test("an application error is an answer, other errors are not", async () => {
  const cluster = new StandInCluster({ size: 1 });
  await cluster.start();
  const [server] = cluster.servers;
  assert.ok(server !== undefined);
  const endpoint = ServerEndpoint.fromLiteral(server.address);
  const pinger = new ConnectionPinger(nomadConnector({ region: "global" }), IN_TIME);
  server.misbehave({ kind: "application-error", message: "Permission denied" });
  await pinger.ping(endpoint, context);
  server.misbehave({ kind: "garbage" });
  await assert.rejects(pinger.ping(endpoint, context), failsWith("malformed-message"));
  await cluster.stop();
});

test("an application error while connecting is an answer, too", async () => {
  const endpoint = ServerEndpoint.fromLiteral("127.0.0.1:1");
  const pinger = (code: ErrorCode) => {
    const open = () => Promise.reject(new ConnectionError(code, endpoint.key, "as told"));
    return new ConnectionPinger({ open }, IN_TIME);
  };
  await pinger("unknown-method").ping(endpoint, context);
  await assert.rejects(pinger("connection-refused").ping(endpoint, context), failsWith("connection-refused"));
});
