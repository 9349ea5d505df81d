import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../../scripts/lab/seeded-random.ts";
import { RpcProxy } from "../../../src/core/rpc-proxy.ts";
import { drawnOnce, FleetWaits } from "../../../src/core/time/fleet-waits.ts";
import { CONFIG, fakePorts } from "../../support/fake-ports.ts";
import { addr, addrs, heartbeatOf } from "../proxy-fixtures.ts";

async function bench(numServers: number, numNodes: number) {
  const ports = fakePorts();
  const proxy = new RpcProxy(ports, CONFIG);
  const grow = (nodes: number) => proxy.refreshServerLists(heartbeatOf(addrs(numServers)), nodes, addr(1));
  await grow(numNodes);
  const waits = new FleetWaits(ports.clock, proxy);
  const over: number[] = [];
  /** A second per node and server. */
  const begin = (signal = new AbortController().signal) =>
    waits
      .wait(({ numServers: servers, numNodes: nodes }) => (1000 * nodes) / servers, signal)
      .then(() => over.push(ports.clock.now() / 1000));
  return { ports, proxy, grow, begin, over };
}

test("a wait ends where the fleet put it", async () => {
  const { ports, begin, over } = await bench(2, 100);
  void begin();
  await ports.clock.advance(49_999);
  assert.deepEqual(over, []);
  await ports.clock.advance(1);
  assert.deepEqual(over, [50]);
  assert.equal(ports.clock.pending, 0);
});

test("fewer nodes, or more servers, end waits that have begun earlier; each goes on from its own begin", async () => {
  const { ports, proxy, grow, begin, over } = await bench(2, 1_000_000);
  void begin();
  await ports.clock.advance(10_000);
  void begin();
  await ports.clock.advance(10_000);
  await grow(120);
  await ports.clock.advance(10_000);
  await proxy.addPrimaryServer(addr(3));
  await ports.clock.advance(60_000);
  assert.deepEqual(over, [40, 50]);
  assert.equal(ports.clock.pending, 0);
});

test("a wait that would be over by now ends at once", async () => {
  const { ports, grow, begin, over } = await bench(2, 1_000_000);
  void begin();
  await ports.clock.advance(20_000);
  await grow(10);
  await ports.clock.advance(0);
  assert.deepEqual(over, [20]);
});

test("more nodes make no wait longer that has begun", async () => {
  const { ports, grow, begin, over } = await bench(2, 100);
  void begin();
  await ports.clock.advance(10_000);
  await grow(10_000_000);
  await ports.clock.advance(40_000);
  assert.deepEqual(over, [50]);
});

test("an abort ends a wait at once; no timer and no listener are left", async () => {
  const { ports, proxy, begin, over } = await bench(2, 100);
  let listeners = 0;
  const counting = {
    numNodes: () => proxy.numNodes(),
    numServers: () => proxy.numServers(),
    subscribe: (listener: Parameters<typeof proxy.subscribe>[0]) => {
      listeners += 1;
      const end = proxy.subscribe(listener);
      return () => {
        listeners -= 1;
        end();
      };
    },
  };
  const waits = new FleetWaits(ports.clock, counting);
  const stop = new AbortController();
  const both = [waits.wait(() => 1_000, stop.signal), waits.wait(() => 2_000, stop.signal)];
  assert.equal(listeners, 1);
  stop.abort();
  await Promise.all([...both, waits.wait(() => 1_000, stop.signal), begin(stop.signal)]);
  assert.deepEqual([listeners, ports.clock.pending, over], [0, 0, [0]]);
});

test("a chance drawn once stays", () => {
  const chance = drawnOnce(seededRandom(5));
  assert.equal(chance(), chance());
});
