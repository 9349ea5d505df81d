import assert from "node:assert/strict";
import { test } from "node:test";
import type { PingContext } from "../../src/core/ports.ts";
import { ConnectionPinger } from "../../src/net/connection-pinger.ts";
import type { Connector } from "../../src/net/held-connection.ts";
import { TcpConnection } from "../../src/net/tcp-connection.ts";
import { IN_TIME, until } from "./expectations.ts";
import { scriptedServer } from "./scripted-server.ts";

const context: PingContext = {
  region: "global",
  apiMajorVersion: 1,
  signal: new AbortController().signal,
};

test("a ping opens a connection of its own and closes it", async () => {
  await using server = await scriptedServer(() => undefined);
  const pinger = new ConnectionPinger(TcpConnection, IN_TIME);
  await pinger.ping(server.endpoint, context);
  await until(() => server.sockets.size === 0);
});

test("a held connection is used and stays open; once closed it is used no more", async () => {
  await using server = await scriptedServer(() => undefined);
  const held = await TcpConnection.open(server.endpoint, IN_TIME);
  let opened = 0;
  const connector: Connector = {
    open: (endpoint, options) => {
      opened += 1;
      return TcpConnection.open(endpoint, options);
    },
  };
  const pinger = new ConnectionPinger(connector, { ...IN_TIME, held: () => held });
  await pinger.ping(server.endpoint, context);
  assert.equal(opened, 0);
  assert.equal(held.state.phase, "open");
  held.close();
  await pinger.ping(server.endpoint, context);
  assert.equal(opened, 1);
});
