import assert from "node:assert/strict";
import { test } from "node:test";
import { RpcProxy } from "../../src/core/rpc-proxy.ts";
import { ServerEndpoint } from "../../src/core/server-endpoint.ts";
import { FleetWaits } from "../../src/sources/fleet-waits.ts";
import { Outage } from "../../src/sources/outage.ts";
import { CONFIG, FakeClock, fakePorts, seededRandom } from "../core/fake-ports.ts";

const [A, B] = ["127.0.0.1:1", "127.0.0.1:2"] as const;

/** An outage whose servers refuse, but for those that hang. */
function bench(keys: readonly string[], hanging: ReadonlySet<string> = new Set(), timeoutMs = 1e9) {
  const clock = new FakeClock();
  const random = seededRandom(7);
  const listed = new Map(keys.map((key) => [key, ServerEndpoint.fromLiteral(key)]));
  const pings: { key: string; at: number }[] = [];
  const seen = { confirmed: 0, answers: [] as string[], silences: [] as string[] };
  const up = new Set<string>();
  const outage = new Outage({
    clock,
    waits: new FleetWaits(clock, new RpcProxy(fakePorts(), CONFIG)),
    drawWait: () => {
      const ms = 500 * (0.5 + random() / 2);
      return () => ms;
    },
    keys,
    endpointOf: (key) => listed.get(key),
    ping: ({ key }, signal) => {
      pings.push({ key, at: clock.now() });
      if (hanging.has(key)) {
        return new Promise((_resolve, reject) => {
          clock.after(timeoutMs, () => {
            reject(new Error("no answer"));
          });
          signal.addEventListener("abort", () => {
            reject(new Error("ended"));
          });
        });
      }
      return up.has(key) ? Promise.resolve() : Promise.reject(new Error("refused"));
    },
    onAnswer: ({ key }) => {
      seen.answers.push(key);
      outage.end();
    },
    onSilence: ({ key }) => seen.silences.push(key),
    onConfirmed: () => {
      seen.confirmed += 1;
    },
  });
  const timesOf = (key: string) => pings.filter((ping) => ping.key === key).map(({ at }) => at);
  return { clock, listed, seen, up, outage, timesOf };
}

test("a server that hangs delays no other, and each recovery is noticed within an interval", async () => {
  const { clock, seen, up, outage, timesOf } = bench([A, B], new Set([A]));
  outage.start();
  await clock.advance(10_000);
  assert.equal(timesOf(A).length, 1);
  const gaps = timesOf(B)
    .slice(1)
    .map((at, i) => at - (timesOf(B)[i] ?? 0));
  assert.ok(Math.min(...gaps) >= 250 && Math.max(...gaps) <= 500, gaps.join(" "));
  assert.ok(new Set(gaps).size > 10, "drawn anew each time");
  up.add(B);
  await clock.advance(500);
  assert.deepEqual(seen.answers, [B]);
});

test("the time that a silent server takes is part of the wait until it is tried again", async () => {
  const { clock, outage, timesOf } = bench([A], new Set([A]), 250);
  outage.start();
  await clock.advance(50_000);
  const mean = 50_000 / timesOf(A).length;
  assert.ok(mean >= 250 && mean <= 500, `${mean} ms from try to try`);
  outage.end();
});

test("it is confirmed once, when each server was tried", async () => {
  const { clock, seen, outage } = bench([A, B]);
  outage.start(() => 1_000);
  await clock.advance(999);
  assert.equal(seen.confirmed, 0);
  await clock.advance(60_000);
  assert.equal(seen.confirmed, 1);
  outage.end();
});

test("a server that left the list is tried no more", async () => {
  const { clock, listed, outage, timesOf } = bench([A, B]);
  outage.start();
  await clock.advance(1_000);
  listed.delete(A);
  const before = timesOf(A).length;
  await clock.advance(10_000);
  assert.equal(clock.pending, 1, "B's");
  assert.equal(timesOf(A).length, before);
  assert.ok(timesOf(B).length > 20);
  outage.end();
});

test("of a long list that hangs 64 are tried at once; nothing is called after the end", async () => {
  const keys = Array.from({ length: 100 }, (_, i) => `127.0.0.1:${i + 1}`);
  const { clock, seen, outage, timesOf } = bench(keys, new Set(keys));
  outage.start();
  await clock.advance(10_000);
  assert.equal(keys.filter((key) => timesOf(key).length === 1).length, 64);
  outage.end();
  await clock.advance(10_000);
  assert.equal(keys.filter((key) => timesOf(key).length > 0).length, 64);
  assert.deepEqual(seen, { confirmed: 0, answers: [], silences: [] });
});
