/** The rebalance loop: when it begins, whom it joins, and how it ends. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../scripts/lab/seeded-random.ts";
import { RpcProxy } from "../../src/core/rpc-proxy.ts";
import { FakePinger } from "../support/fake-pinger.ts";
import { CONFIG, FakeClock, fakePorts, settled } from "../support/fake-ports.ts";
import { addr, addrs, heartbeatOf, proxyWith } from "./proxy-fixtures.ts";

test("run rebalances after each interval until the signal aborts, and leaves no timer", async () => {
  const ports = fakePorts({ random: () => 0.5 });
  const proxy = new RpcProxy(ports, CONFIG);
  await proxy.refreshServerLists(heartbeatOf(addrs(3)), 100, "");
  const rebalancedAt: number[] = [];
  proxy.subscribe((next) => {
    if (next.cause.occurrence === "rebalanced") {
      rebalancedAt.push(next.at);
    }
  });
  const stop = new AbortController();
  const running = proxy.run(stop.signal);
  assert.equal(proxy.run(stop.signal), running, "a second call joins the first");
  await ports.clock.advance(3 * 750_000);
  assert.deepEqual(rebalancedAt, [750_000, 1_500_000, 2_250_000]);

  await ports.clock.advance(749_000);
  proxy.resetRebalanceTimer();
  await ports.clock.advance(749_999);
  assert.equal(rebalancedAt.length, 3);
  await ports.clock.advance(1);
  assert.equal(rebalancedAt.length, 4);

  stop.abort();
  await running;
  assert.equal(ports.clock.pending, 0);
  await ports.clock.advance(10_000_000);
  assert.equal(rebalancedAt.length, 4);
});

test("the interval that is waited for follows the fleet: fewer nodes or more servers shorten it, more nodes do not lengthen it", async () => {
  const ports = fakePorts({ random: () => 0.5 });
  const proxy = new RpcProxy(ports, CONFIG);
  // 1 server, 1,000,000 nodes: 15,625 s, and a quarter of it on top.
  await proxy.refreshServerLists(heartbeatOf(addrs(2)), 2_000_000, "");
  const rebalancedAt: number[] = [];
  proxy.subscribe((next) => {
    if (next.cause.occurrence === "rebalanced") {
      rebalancedAt.push(next.at / 1000);
    }
  });
  const stop = new AbortController();
  const running = proxy.run(stop.signal);
  await ports.clock.advance(60_000);
  await proxy.setBackupServers(addrs(5).slice(2));
  await ports.clock.advance((2_000_000 / (5 * 64)) * 1.25 * 1000 - 60_000);
  assert.deepEqual(rebalancedAt, [7_812.5]);
  await ports.clock.advance(60_000);
  await proxy.refreshServerLists(heartbeatOf(addrs(2)), 100, "");
  await ports.clock.advance(60_000);
  await proxy.refreshServerLists(heartbeatOf(addrs(2)), 10_000_000, "");
  await ports.clock.advance(750_000 - 120_000);
  assert.deepEqual(rebalancedAt, [7_812.5, 7_812.5 + 750]);
  stop.abort();
  await running;
  assert.equal(ports.clock.pending, 0);
});

test("run with an aborted signal ends at once, and may be called again", async () => {
  const ports = fakePorts();
  const proxy = new RpcProxy(ports, CONFIG);
  await proxy.run(AbortSignal.abort());
  assert.equal(ports.clock.pending, 0);
  const stop = new AbortController();
  const running = proxy.run(stop.signal);
  stop.abort();
  await running;
  assert.equal(ports.clock.pending, 0);
});

test("an abort while run waits for a ping ends both", async () => {
  const pinger = new FakePinger();
  const clock = new FakeClock();
  const proxy = new RpcProxy({ ...fakePorts({ pinger }), clock }, CONFIG);
  await proxy.refreshServerLists(heartbeatOf(addrs(3)), 100, "");
  const before = proxy.snapshot();
  const stop = new AbortController();
  const running = proxy.run(stop.signal);
  while (pinger.pings.length === 0) {
    await clock.advance(10_000);
  }
  stop.abort();
  await running;
  assert.equal(clock.pending, 0);
  assert.equal(proxy.snapshot(), before);
});

test("run called in the turn in which the old signal aborts begins anew, and its interval can be started over", async () => {
  const ports = fakePorts({ random: () => 0 });
  const proxy = new RpcProxy(ports, CONFIG);
  await proxy.refreshServerLists(heartbeatOf(addrs(3)), 100, "");
  const old = new AbortController();
  const fresh = new AbortController();
  // Told of the abort before the wait that ends by it.
  let again: Promise<void> | undefined;
  old.signal.addEventListener("abort", () => {
    again = proxy.run(fresh.signal);
  });
  const ending = proxy.run(old.signal);
  old.abort();
  assert.notEqual(again, ending);
  assert.equal(proxy.run(fresh.signal), again);
  await ending;
  assert.equal(proxy.run(fresh.signal), again, "the old run's end is not the new one's");
  await ports.clock.advance(599_000);
  proxy.resetRebalanceTimer();
  await ports.clock.advance(599_999);
  assert.equal(proxy.snapshot().cause.occurrence, "heartbeat-received");
  await ports.clock.advance(1);
  assert.equal(proxy.snapshot().cause.occurrence, "rebalanced");
  fresh.abort();
  await again;
  assert.equal(ports.clock.pending, 0);
});

test("an abort ends run at once though it had joined a rebalance of somebody else's, which goes on", async () => {
  const pinger = new FakePinger();
  const ports = fakePorts({ pinger, random: () => 0 });
  const proxy = new RpcProxy(ports, { ...CONFIG, pingTimeoutMs: 3_600_000 });
  await proxy.refreshServerLists(heartbeatOf(addrs(3)), 100, "");
  const stop = new AbortController();
  const running = proxy.run(stop.signal);
  const others = proxy.rebalanceServers();
  await ports.clock.advance(600_000);
  assert.equal(pinger.pings.length, 1, "run joins");
  stop.abort();
  await running;
  const chosen = pinger.pinged?.key;
  pinger.answer();
  assert.equal(await others, true);
  assert.equal(proxy.findServer()?.key, chosen);
});

test("a rebalance pings all primaries before any backup", async () => {
  for (let seed = 0; seed < 20; seed++) {
    const pinger = new FakePinger();
    const proxy = await proxyWith(3, { pinger, random: seededRandom(seed) });
    await proxy.setBackupServers([addr(7), addr(8), addr(9)]);
    const rebalance = proxy.rebalanceServers();
    while (pinger.pings.length < 6) {
      pinger.fail();
      await settled();
    }
    pinger.answer();
    assert.equal(await rebalance, true);
    const pinged = pinger.pings.map(({ server }) => server.key);
    assert.deepEqual(pinged.slice(0, 3).toSorted(), addrs(3));
    assert.equal(proxy.findServer()?.key, pinged[5]);
  }
});

test("a rebalance of one tier pings no other, and without an answer changes nothing", async () => {
  const pinger = new FakePinger();
  const proxy = await proxyWith(2, { pinger });
  await proxy.setBackupServers([addr(8), addr(9)]);
  const before = proxy.snapshot();
  const rebalance = proxy.rebalanceServers({ tier: "primary" });
  pinger.fail();
  await settled();
  pinger.fail();
  assert.equal(await rebalance, false);
  assert.deepEqual(pinger.pings.map(({ server }) => server.key).toSorted(), addrs(2));
  assert.equal(proxy.snapshot(), before);
});

test("a rebalance after another one's abort does not join it", async () => {
  const pinger = new FakePinger();
  const proxy = await proxyWith(3, { pinger });
  const stop = new AbortController();
  const aborted = proxy.rebalanceServers({ signal: stop.signal });
  stop.abort();
  const fresh = proxy.rebalanceServers();
  assert.equal(await aborted, false);
  assert.equal(pinger.pings.length, 2);
  const joined = proxy.rebalanceServers();
  assert.equal(pinger.pings.length, 2, "a third call joins the second");
  pinger.answer();
  assert.deepEqual(await Promise.all([fresh, joined]), [true, true]);
});

test("who joins a rebalance with an aborted signal waits for nothing", async () => {
  const pinger = new FakePinger();
  const proxy = await proxyWith(3, { pinger });
  const first = proxy.rebalanceServers();
  assert.equal(await proxy.rebalanceServers({ signal: AbortSignal.abort() }), false);
  pinger.answer();
  assert.equal(await first, true);
});

test("a failure of a server that is not the head is remembered: its answer does not make it head", async () => {
  const pinger = new FakePinger();
  const proxy = await proxyWith(3, { pinger, random: () => 0 });
  const rebalance = proxy.rebalanceServers();
  const failed = pinger.pinged ?? assert.fail("no ping");
  assert.notEqual(failed.key, proxy.findServer()?.key);
  assert.equal(proxy.notifyFailedServer(failed), false);
  pinger.answer();
  await settled();
  const chosen = pinger.pinged?.key;
  assert.notEqual(chosen, failed.key, "the next one is tried");
  pinger.answer();
  assert.equal(await rebalance, true);
  assert.deepEqual([proxy.serverRpcAddrs()[0], proxy.serverRpcAddrs().at(-1)], [chosen, failed.key]);
});
