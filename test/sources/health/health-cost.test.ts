/** What a bad day costs the agent: dials, list changes, lines of the log and timers, however long the list is. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { settled } from "../../support/fake-ports.ts";
import type { Behaviour } from "../../support/fake-servers.ts";
import { end } from "../../support/lives.ts";
import { bench } from "./health-bench.ts";

function keysUpTo(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `127.0.0.1:${i + 1}`);
}

/** So many servers that behave so since the agent started, two minutes ago. */
async function badDay(count: number, behaviour: Behaviour) {
  const keys = keysUpTo(count);
  const on = await bench(keys, { intervalMs: 125 }, (servers) => {
    for (const key of keys) {
      servers.set(key, behaviour);
    }
  });
  const from = on.proxy.snapshot().revision;
  await on.ports.clock.advance(60_000);
  const firstMinute = on.servers.dialled.length;
  await on.ports.clock.advance(60_000);
  const lines = on.ports.logger.lines.filter(({ level }) => level !== "debug");
  return {
    ...on,
    keys,
    dialsInSecondMinute: on.servers.dialled.length - firstMinute,
    listChanges: on.proxy.snapshot().revision - from,
    lines: lines.map(({ message }) => message),
    debugLines: on.ports.logger.lines.length - lines.length,
  };
}

/**
 * 64 a second of the search; the head and the next server are dialled by their own watches, each up to 4 times a
 * second, twice where a connection closes.
 */
const DIALS_PER_MINUTE = 60 * (64 + 2 * 4 * 2);

suite("4,000 servers, none of them of use", () => {
  const behaviours: Behaviour[] = [
    "refusing",
    "hanging",
    "blackholed",
    "answering-garbage",
    "closing-at-once",
    "closing-after-an-answer",
  ];
  for (const behaviour of behaviours) {
    test(`${behaviour}: dials at a pace, few changes of the list, one line for the outage, a few timers`, async () => {
      const { debugLines, dialsInSecondMinute, lines, listChanges, monitor, ports } = await badDay(
        4_000,
        behaviour,
      );
      assert.equal(monitor.status().phase, "down");
      assert.ok(dialsInSecondMinute <= DIALS_PER_MINUTE, `${dialsInSecondMinute} dials`);
      assert.ok(dialsInSecondMinute >= 60 * 50, `${dialsInSecondMinute} dials: each server is tried again`);
      assert.ok(listChanges <= 3, `${listChanges} changes of the list`);
      assert.deepEqual(lines.slice(-1), ["no server answers: the list stays as it is"]);
      assert.ok(lines.length <= 4, lines.join("\n"));
      assert.ok(debugLines <= 5, `${debugLines} lines at debug`);
      assert.ok(ports.clock.pending <= 200, `${ports.clock.pending} timers`);
      await end(monitor);
      await settled();
      assert.equal(ports.clock.pending, 0);
    });
  }

  test("the one of them that comes back is head after a minute", async () => {
    const { head, keys, monitor, ports, servers } = await badDay(4_000, "refusing");
    const back = keys[2_345] ?? "";
    servers.set(back, "up");
    await ports.clock.advance(64_000);
    assert.equal(head(), back);
    assert.equal(monitor.status().phase, "up");
    await end(monitor);
  });

  test("each head dies at once: the list and the log change once a second, no more", async () => {
    const { head, monitor, ports, proxy, servers } = await bench(keysUpTo(4_000));
    const from = proxy.snapshot().revision;
    for (let passedMs = 0; passedMs < 60_000; passedMs += 50) {
      const dead = head() ?? "";
      servers.kill(dead);
      await ports.clock.advance(50);
      servers.set(dead, "up");
    }
    const changes = proxy.snapshot().revision - from;
    assert.ok(changes > 30 && changes <= 16 + 61, `${changes} changes of the list`);
    assert.ok(ports.logger.lines.length <= 2 * (16 + 61), `${ports.logger.lines.length} lines`);
    await end(monitor);
  });
});

test("twice as many servers cost no more dials", async () => {
  const few = await badDay(1_000, "refusing");
  const many = await badDay(2_000, "refusing");
  assert.ok(many.dialsInSecondMinute <= 1.02 * few.dialsInSecondMinute, `${many.dialsInSecondMinute} dials`);
  await end(few.monitor);
  await end(many.monitor);
});
