import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../../../scripts/lab/until.ts";
import { ServerEndpoint } from "../../../src/core/server-endpoint.ts";
import { StandInServer } from "../../../src/dev/stand-in-server.ts";
import { NomadClient } from "../../../src/net/nomad/nomad-client.ts";
import { NomadConnection } from "../../../src/net/nomad/nomad-connection.ts";
import { failsWith, IN_TIME } from "../connection/expectations.ts";

/** Longer than `until` waits, so that a timer left behind is found before it ends by itself. */
const LONG = { timeoutMs: 6 * IN_TIME.timeoutMs };
const REGION = { region: "global" };

/** Sockets, servers and timers that keep the process alive now. */
function handles(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /TCP|TLS|Timeout/.test(name));
}

test("after close and stop nothing is left: no socket, no timer, no listener on the signal", async () => {
  const before = handles().length;
  const server = new StandInServer();
  await server.start();
  await server.start();
  const endpoint = ServerEndpoint.fromLiteral(server.address);
  const connection = await NomadConnection.open(endpoint, { ...LONG, ...REGION });
  const client = new NomadClient(endpoint, REGION);
  await Promise.all([connection.ping(LONG), client.ping(LONG)]);
  server.misbehave({ kind: "silence" });
  const unanswered = assert.rejects(connection.ping(LONG), failsWith("connection-closed"));
  connection.close();
  connection.close();
  client.close();
  await unanswered;
  await assert.rejects(connection.ping(LONG), failsWith("connection-closed"));
  await server.stop();
  await server.stop();
  await assert.rejects(client.ping(LONG), failsWith("connection-refused"));
  await until(() => handles().length <= before);
});
