/** The public class: the real ports stand in for those that are not given. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RpcProxy } from "../../src/index.ts";
import { allAnswer, CONFIG, FakeLogger } from "../support/fake-ports.ts";
import { addr, heartbeatOf } from "./proxy-fixtures.ts";

test("a port that is absent or undefined is the real one, and one that is given is used", async () => {
  const none = { resolver: undefined, clock: undefined, random: undefined, logger: undefined };
  for (const ports of [{}, none]) {
    const proxy = new RpcProxy({ pinger: allAnswer, ...ports }, CONFIG);
    const newer = heartbeatOf([addr(3)]).map((server) => ({ ...server, rpcMajorVersion: 9 }));
    await proxy.refreshServerLists([...heartbeatOf([addr(1), "localhost"]), ...newer], 1, "");
    assert.equal(proxy.numServers(), 2);
    await proxy.rebalanceServers();
    assert.ok(proxy.snapshot().at > 0);
  }
  const logger = new FakeLogger();
  const proxy = new RpcProxy({ pinger: allAnswer, ...none, logger }, { ...CONFIG, rpcMajorVersion: 0 });
  await proxy.refreshServerLists(heartbeatOf([addr(1)]), 1, "");
  assert.equal(logger.lines.length, 1);
});
