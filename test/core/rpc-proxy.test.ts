import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resolver } from "../../src/core/ports.ts";
import { RpcProxy } from "../../src/core/rpc-proxy.ts";
import { ServerEndpoint } from "../../src/core/server-endpoint.ts";
import { FakePinger } from "../support/fake-pinger.ts";
import { CONFIG, fakePorts, settled } from "../support/fake-ports.ts";
import { addr, addrs, heartbeatOf, isRejectedAs, proxyWith } from "./proxy-fixtures.ts";

const endpoint = (n: number) => ServerEndpoint.fromLiteral(addr(n));

test("addPrimaryServer returns the listed endpoint, and a known server changes nothing", async () => {
  const proxy = new RpcProxy(fakePorts(), CONFIG);
  const first = await proxy.addPrimaryServer("10.0.0.1");
  const before = proxy.snapshot();
  assert.equal(await proxy.addPrimaryServer(addr(1)), first);
  assert.equal(proxy.snapshot(), before);
  assert.equal(proxy.findServer(), first);
});

test("an error of the resolver's own is not taken for a bad address of another kind", async () => {
  const proxy = new RpcProxy(fakePorts(), CONFIG);
  await assert.rejects(proxy.addPrimaryServer("nowhere"), isRejectedAs("name-unresolvable"));
  await assert.rejects(proxy.addPrimaryServer(undefined as unknown as string), TypeError);
  await assert.rejects(proxy.setBackupServers([undefined as unknown as string]), TypeError);
  assert.equal(proxy.numServers(), 0);
});

test("the queries read the snapshot", async () => {
  const proxy = new RpcProxy(fakePorts(), CONFIG);
  assert.equal(proxy.findServer(), undefined);
  assert.deepEqual([proxy.numServers(), proxy.numNodes(), proxy.leaderAddr()], [0, 0, ""]);
  await proxy.refreshServerLists(heartbeatOf([addr(1)]), 12, addr(1));
  assert.deepEqual([proxy.numServers(), proxy.numNodes(), proxy.leaderAddr()], [1, 12, addr(1)]);
  assert.deepEqual(proxy.serverRpcAddrs(), [addr(1)]);
});

test("the arguments of heartbeat and backups may be frozen, and are not kept", async () => {
  const proxy = new RpcProxy(fakePorts(), CONFIG);
  const servers = heartbeatOf([addr(1), addr(2)]);
  for (const server of servers) {
    Object.freeze(server);
  }
  await proxy.refreshServerLists(Object.freeze(servers), 1, "");
  const backups = [addr(7)];
  const applying = proxy.setBackupServers(backups);
  backups.push(addr(8));
  await applying;
  assert.equal(proxy.numServers(), 3);
});

test("backups of which no address can be used change nothing; none at all clears them", async () => {
  const proxy = new RpcProxy(fakePorts(), CONFIG);
  await proxy.setBackupServers([addr(1)]);
  const before = proxy.snapshot();
  assert.equal((await proxy.setBackupServers(["nowhere", ":1"])).length, 2);
  assert.equal(proxy.snapshot(), before);
  assert.deepEqual(await proxy.setBackupServers([]), []);
  assert.equal(proxy.numServers(), 0);
});

test("of two overlapping lists of backups the later wins, though the earlier name answers last", async () => {
  const slow = Promise.withResolvers<{ addresses: string[]; ttlSeconds: number }>();
  const resolver: Resolver = { resolve: () => slow.promise };
  const proxy = new RpcProxy({ ...fakePorts(), resolver }, CONFIG);
  const earlier = proxy.setBackupServers(["slow"]);
  await proxy.setBackupServers([addr(2)]);
  slow.resolve({ addresses: ["10.0.0.1"], ttlSeconds: 1 });
  await earlier;
  assert.deepEqual(proxy.serverRpcAddrs(), [addr(2)]);
});

test("a failure or removal reports its source and reason", async () => {
  const proxy = await proxyWith(3);
  proxy.notifyFailedServer(endpoint(1), { source: "health", reason: "no answer" });
  assert.deepEqual(proxy.snapshot().cause, {
    occurrence: "server-failed",
    source: "health",
    server: addr(1),
    reason: "no answer",
  });
  assert.equal(proxy.notifyFailedServer(endpoint(3)), false);
  assert.equal(proxy.removeServer(endpoint(3), { source: "operator" }), true);
  assert.equal(proxy.snapshot().cause.source, "operator");
  assert.equal(proxy.removeServer(endpoint(3)), false);
});

test("a number of nodes that no fleet can have leaves the last one, and is said once until a right one comes", async () => {
  const ports = fakePorts();
  const proxy = new RpcProxy(ports, CONFIG);
  const warnings = () =>
    ports.logger.lines.filter(({ level }) => level === "warn").map(({ fields }) => fields);
  await proxy.refreshServerLists(heartbeatOf(addrs(2)), 100, addr(1));
  for (const absurd of [
    500_000_000,
    10_000_001,
    Number.MAX_SAFE_INTEGER,
    Number.POSITIVE_INFINITY,
    Number.NaN,
    -1,
    Number.NEGATIVE_INFINITY,
  ]) {
    await proxy.refreshServerLists(heartbeatOf(addrs(3)), absurd, addr(2));
    assert.deepEqual([proxy.numNodes(), proxy.numServers(), proxy.leaderAddr()], [100, 3, addr(2)]);
  }
  assert.deepEqual(warnings(), [{ numNodes: "500000000", kept: 100 }]);
  for (const right of [10_000_000, 0]) {
    await proxy.refreshServerLists(heartbeatOf(addrs(3)), right, addr(2));
    assert.equal(proxy.numNodes(), right);
  }
  await proxy.refreshServerLists(heartbeatOf(addrs(3)), Number.NaN, addr(2));
  assert.deepEqual(warnings().slice(1), [{ numNodes: "NaN", kept: 0 }]);
});

test("a heartbeat reports who brought it and which server sent it; by default neither is told", async () => {
  const proxy = new RpcProxy(fakePorts(), CONFIG);
  const occurrence = "heartbeat-received";
  await proxy.refreshServerLists(heartbeatOf([addr(1)]), 1, "");
  assert.deepEqual(proxy.snapshot().cause, { occurrence, source: "heartbeat" });
  await proxy.refreshServerLists(heartbeatOf([addr(1)]), 2, "", { source: "nomad", server: endpoint(1) });
  assert.deepEqual(proxy.snapshot().cause, { occurrence, source: "nomad", server: addr(1) });
  const before = proxy.snapshot();
  await proxy.refreshServerLists(heartbeatOf([addr(1)]), 2, "", { source: "push" });
  assert.equal(proxy.snapshot(), before, "another source alone is no change");
  await proxy.refreshServerLists(heartbeatOf([addr(1)]), 3, "", { source: "push", server: undefined });
  assert.deepEqual(proxy.snapshot().cause, { occurrence, source: "push" });
});

test("the history tells each change with its heads", async () => {
  const proxy = await proxyWith(2);
  proxy.notifyFailedServer(endpoint(1));
  assert.deepEqual(
    proxy
      .history()
      .map(({ revision, head, previousHead, cause }) => [revision, cause.occurrence, previousHead, head]),
    [
      [1, "primary-added", undefined, addr(1)],
      [2, "primary-added", addr(1), addr(1)],
      [3, "server-failed", addr(1), addr(2)],
    ],
  );
});

test("a rebalance tells the pinger who asks, and how long it may take", async () => {
  const pinger = new FakePinger();
  const proxy = await proxyWith(2, { pinger });
  const rebalance = proxy.rebalanceServers();
  const { context } = pinger.pings[0] ?? assert.fail("no ping");
  assert.deepEqual([context.region, context.apiMajorVersion, context.signal.aborted], ["global", 1, false]);
  pinger.answer();
  await rebalance;
});

test("a server that does not answer within the timeout counts as dead, and the next is tried", async () => {
  const ports = { ...fakePorts(), pinger: new FakePinger() };
  const proxy = new RpcProxy(ports, { ...CONFIG, pingTimeoutMs: 250 });
  await proxy.refreshServerLists(heartbeatOf(addrs(3)), 1, "");
  const rebalance = proxy.rebalanceServers({ reason: "test" });
  const hung = ports.pinger.pinged?.key;
  await ports.clock.advance(250);
  const chosen = ports.pinger.pinged?.key;
  assert.equal(ports.pinger.pings.length, 2);
  assert.equal(ports.pinger.pings[0]?.context.signal.aborted, true);
  ports.pinger.answer();
  await rebalance;
  assert.equal(proxy.findServer()?.key, chosen);
  assert.equal(proxy.serverRpcAddrs().at(-1), hung);
  assert.equal(ports.clock.pending, 0);
});

test("with fewer than two servers, or none that answers, a rebalance changes nothing", async () => {
  const pinger = new FakePinger();
  for (const count of [0, 1]) {
    assert.equal(await (await proxyWith(count, { pinger })).rebalanceServers(), false);
  }
  assert.equal(pinger.pings.length, 0);
  const proxy = await proxyWith(5, { pinger: { ping: () => Promise.reject(new Error("refused")) } });
  const before = proxy.snapshot();
  assert.equal(await proxy.rebalanceServers(), false);
  assert.equal(proxy.snapshot(), before);
});

test("a second rebalance joins the first; after it a new one may run", async () => {
  const pinger = new FakePinger();
  const proxy = await proxyWith(3, { pinger });
  const both = [proxy.rebalanceServers(), proxy.rebalanceServers()];
  assert.equal(pinger.pings.length, 1);
  pinger.answer();
  const [first, second] = await Promise.all(both);
  assert.equal(first, second);
  const third = proxy.rebalanceServers();
  assert.equal(pinger.pings.length, 2);
  pinger.answer();
  await third;
});

test("an abort before, between and during the pings ends the rebalance with the list as it was", async () => {
  for (const failedBefore of [0, 1, 2]) {
    const pinger = new FakePinger();
    const proxy = await proxyWith(4, { pinger });
    const before = proxy.snapshot();
    const stop = new AbortController();
    const rebalance = proxy.rebalanceServers({ signal: stop.signal });
    for (let failed = 0; failed < failedBefore; failed++) {
      pinger.fail();
      await settled();
    }
    stop.abort();
    assert.equal(await rebalance, false);
    assert.equal(pinger.pings.length, failedBefore + 1, "a ping after the abort");
    assert.equal(proxy.snapshot(), before);
  }
  const pinger = new FakePinger();
  const proxy = await proxyWith(2, { pinger });
  assert.equal(await proxy.rebalanceServers({ signal: AbortSignal.abort() }), false);
  assert.equal(pinger.pings.length, 0);
});

test("an abort in the moment of the answer still leaves the list as it was", async () => {
  const pinger = new FakePinger();
  const proxy = await proxyWith(3, { pinger });
  const before = proxy.snapshot();
  const stop = new AbortController();
  const rebalance = proxy.rebalanceServers({ signal: stop.signal });
  pinger.answer();
  stop.abort();
  assert.equal(await rebalance, false);
  assert.equal(proxy.snapshot(), before);
});
