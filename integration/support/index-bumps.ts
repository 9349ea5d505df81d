/**
 * node --expose-gc index-bumps.ts BATCHES BUMPS: a watch whose Consul moves its index BUMPS times per batch. Prints the
 * heap in use after each batch, as JSON. A process of its own, since a heap holds what everything in it has left.
 */
import assert from "node:assert/strict";
import { ScriptedConsul } from "../../test/support/scripted-consul.ts";
import type { Sample } from "../../test/support/slope.ts";
import { WatchedPool } from "../../test/support/watched-pool.ts";

const [batches = 0, bumps = 0] = process.argv.slice(2).map(Number);
assert.ok(globalThis.gc !== undefined && batches > 1 && bumps > 0, "usage: node --expose-gc … BATCHES BUMPS");
await using consul = await new ScriptedConsul().listen();
await using pool = new WatchedPool({ address: consul.address }, { service: "none", minIntervalMs: 0 });
const { watcher } = pool;
const samples: Sample[] = [];
for (let batch = 1; batch <= batches; batch += 1) {
  for (let bump = 0; bump < bumps; bump += 1) {
    const { index } = watcher.status();
    consul.bump();
    while (watcher.status().index === index) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    // What the stand-in has noted is not the watch's.
    consul.requests.length = 0;
  }
  globalThis.gc();
  samples.push({ done: watcher.status().queries["ok"] ?? 0, value: process.memoryUsage().heapUsed });
}
console.log(JSON.stringify(samples));
