/**
 * What pings cost a server that counts connections without a handshake, and blocks a machine that makes too many of
 * them.
 */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { settled } from "../../support/fake-ports.ts";
import { end } from "../../support/lives.ts";
import { bench } from "./health-bench.ts";

const [A, B, C] = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"] as const;

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

/** A head that lives, and a next server that closes each connection after so long. */
async function closingAfter(lifetimeMs: number) {
  // Seldom pings, so that a day is soon over.
  const on = await bench([A, B], { intervalMs: 60 * SECOND }, (servers) => {
    servers.setLifetime(B, lifetimeMs);
  });
  const timesOf = (key: string) => on.servers.dialledAt.filter((_, i) => on.servers.dialled[i] === key);
  const countUntil = (at: number) => timesOf(B).filter((time) => time <= at).length;
  return { ...on, timesOf, countUntil };
}

suite("a next server that closes each connection", () => {
  for (const lifetimeMs of [0, 5, 999, 3 * SECOND, 10 * SECOND, 60 * SECOND]) {
    test(`after ${lifetimeMs} ms: is dialled twice, then after 30 s, 1, 2, 4, 8 min`, async () => {
      const { countUntil, head, monitor, ports } = await closingAfter(lifetimeMs);
      await ports.clock.advance(24 * HOUR);
      assert.ok(countUntil(29 * SECOND) <= 2, `${countUntil(29 * SECOND)} in 29 s`);
      assert.ok(countUntil(HOUR) <= 13, `${countUntil(HOUR)} in the first hour`);
      const aDay = countUntil(24 * HOUR);
      assert.ok(aDay >= 24 * 6 && aDay <= 13 + 23 * 7.5, `${aDay} in a day`);
      assert.equal(head(), A);
      await end(monitor);
      await settled();
      assert.equal(ports.clock.pending, 0);
    });
  }

  test("is dialled at once when it becomes head", async () => {
    const { head, monitor, ports, servers, timesOf } = await closingAfter(10 * SECOND);
    await ports.clock.advance(HOUR);
    const before = timesOf(B).length;
    servers.kill(A);
    await ports.clock.advance(0);
    assert.equal(head(), B);
    assert.equal(timesOf(B).length, before + 1);
    await end(monitor);
  });

  test("counts as up again when a connection lasts, and then as any other", async () => {
    const { monitor, ports, servers, timesOf } = await closingAfter(5);
    await ports.clock.advance(HOUR);
    servers.setLifetime(B, Number.POSITIVE_INFINITY);
    await ports.clock.advance(HOUR);
    assert.equal(monitor.status().servers.find(({ role }) => role === "standby")?.state.phase, "up");
    const before = timesOf(B).length;
    servers.dropConnections(B);
    await ports.clock.advance(0);
    assert.equal(timesOf(B).length, before + 1, "one that is dropped is opened again at once");
    await end(monitor);
  });
});

test("several next servers that close at once take turns no faster than one alone", async () => {
  const { monitor, ports, proxy, servers } = await bench([A, B], { intervalMs: 60 * SECOND }, (all) => {
    all.set(A, "closing-at-once");
    all.set(B, "closing-at-once");
  });
  await proxy.setBackupServers([C]);
  await ports.clock.advance(10 * SECOND);
  assert.equal(proxy.findServer()?.key, C, "the only one that is of use");
  const before = servers.dialled.length;
  await ports.clock.advance(6 * HOUR);
  const dials = servers.dialled.slice(before).filter((key) => key !== C).length;
  assert.ok(dials <= 6 * 13, `${dials} dials in six hours`);
  await end(monitor);
});

test("a head that closes is opened again each time at once: that tells whether it lives", async () => {
  const { head, monitor, ports, servers } = await bench([A, B], {}, (all) => {
    all.setLifetime(A, 10 * SECOND);
  });
  await ports.clock.advance(601 * SECOND);
  assert.equal(servers.dialled.filter((key) => key === A).length, 61);
  assert.equal(head(), A);
  await end(monitor);
});
