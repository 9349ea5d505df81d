/**
 * node --expose-gc newer-servers.ts BATCHES HEARTBEATS: a list that is told of 7,000 servers of a newer API with each
 * heartbeat, others each time. Prints the heap in use after each batch, as JSON. A process of its own, since a heap
 * holds what everything in it has left.
 */
import assert from "node:assert/strict";
import { RpcProxy } from "../../src/core/rpc-proxy.ts";
import { silentLogger } from "../../src/system-ports.ts";
import { CONFIG, FakeClock, fakePorts } from "./fake-ports.ts";
import type { Sample } from "./slope.ts";

const SERVERS = 7_000;

const [batches = 0, heartbeats = 0] = process.argv.slice(2).map(Number);
assert.ok(
  globalThis.gc !== undefined && batches > 1 && heartbeats > 0,
  "usage: node --expose-gc … BATCHES HEARTBEATS",
);
const clock = new FakeClock();
const proxy = new RpcProxy({ ...fakePorts(), clock, logger: silentLogger }, CONFIG);
const samples: Sample[] = [];
let named = 0;
for (let batch = 1; batch <= batches; batch += 1) {
  for (let heartbeat = 0; heartbeat < heartbeats; heartbeat += 1) {
    const servers = Array.from({ length: SERVERS }, (_, index) => ({
      rpcAdvertiseAddr: `10.0.0.1:${named + index}`,
      rpcMajorVersion: 2,
      rpcMinorVersion: 0,
      datacenter: "dc1",
    }));
    named += SERVERS;
    await proxy.refreshServerLists(servers, 1, "");
    await clock.advance(60_000);
  }
  globalThis.gc();
  samples.push({ done: named, value: process.memoryUsage().heapUsed });
}
console.log(JSON.stringify(samples));
