import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { settled } from "../../support/fake-ports.ts";
import { end } from "../../support/lives.ts";
import { bench, growTo, LOCAL, linesOf } from "./health-bench.ts";

const [A, B, C, D] = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4"] as const;

suite("held connections", () => {
  test("one to the head and one to the next server, no more", async () => {
    const { ports, servers, monitor } = await bench([A, B, C]);
    await ports.clock.advance(60_000);
    assert.deepEqual(servers.connected, [A, B]);
    await end(monitor);
    await settled();
    assert.deepEqual(servers.connected, []);
    assert.equal(ports.clock.pending, 0);
  });

  test("without standby only one to the head", async () => {
    const { servers, monitor } = await bench([A, B, C], { standby: false });
    assert.deepEqual(servers.connected, [A]);
    await end(monitor);
  });

  test("the head is pinged each interval, the next server a tenth as often", async () => {
    const { ports, servers, monitor } = await bench([A, B]);
    const before = servers.pinged.length;
    await ports.clock.advance(50_000);
    const pings = servers.pinged.slice(before);
    assert.equal(pings.filter((key) => key === A).length, 100);
    assert.equal(pings.filter((key) => key === B).length, 10);
    await end(monitor);
  });

  test("each address is shown with its last answer: of a name each that it has", async () => {
    const { ports, servers, proxy, monitor } = await bench([A]);
    const named = "web.example:7";
    ports.resolver.names.set("web.example", { addresses: ["10.0.0.1", "fd00::1"], ttlSeconds: 30 });
    await proxy.addPrimaryServer(named);
    const shown = () =>
      monitor
        .watchedAddresses()
        .map(({ address, lastAnswer, server }) => `${server} at ${address}: ${lastAnswer !== undefined}`);
    await ports.clock.advance(10_000);
    assert.deepEqual(shown(), [
      `${A} at ${A}: true`,
      `${named} at 10.0.0.1:7: true`,
      `${named} at [fd00::1]:7: true`,
    ]);
    servers.kill(A);
    await ports.clock.advance(1_000);
    assert.equal(shown()[0], `${named} at 10.0.0.1:7: true`);
    await end(monitor);
    assert.deepEqual(monitor.watchedAddresses(), []);
  });

  test("while nobody asks for the pool, pings are as far apart as told; the first question has them made up for", async () => {
    let isIdle = false;
    const nothing = () => undefined;
    const idleIntervalMs = 5_000;
    const made = await bench([A, B], { idleIntervalMs }, nothing, nothing, () => isIdle);
    const { clock } = made.ports;
    const pingsIn = async (ms: number) => {
      const before = made.servers.pinged.length;
      await clock.advance(ms);
      return made.servers.pinged.slice(before);
    };
    await clock.advance(10_000);
    isIdle = true;
    await clock.advance(10_000);
    const pings = await pingsIn(100_000);
    assert.equal(pings.filter((key) => key === A).length, 20);
    assert.equal(pings.filter((key) => key === B).length, 2);
    await clock.advance(1_000);
    isIdle = false;
    made.monitor.asked();
    assert.deepEqual((await pingsIn(0)).toSorted(), [A, B]);
    assert.equal((await pingsIn(50_000)).filter((key) => key === A).length, 100);
    await end(made.monitor);
  });

  test("an idle interval shorter than the usual one is none", async () => {
    const nothing = () => undefined;
    const made = await bench([A], { idleIntervalMs: 100 }, nothing, nothing, () => true);
    const before = made.servers.pinged.length;
    await made.ports.clock.advance(5_000);
    assert.equal(made.servers.pinged.length - before, 10);
    await end(made.monitor);
  });

  test("the rate of pings is scaled to the fleet: 100,000 nodes on 5 servers → one ping in 40 s", async () => {
    const { ports, servers, proxy, monitor } = await bench([]);
    const addresses = [1, 2, 3, 4, 5].map((port) => `127.0.0.1:${port}`);
    await proxy.refreshServerLists(
      addresses.map((rpcAdvertiseAddr) => ({
        rpcAdvertiseAddr,
        rpcMajorVersion: 1,
        rpcMinorVersion: 0,
        datacenter: "dc1",
      })),
      100_000,
      A,
    );
    await settled();
    const head = proxy.findServer()?.key;
    const before = servers.pinged.length;
    await ports.clock.advance(400_000);
    assert.equal(servers.pinged.slice(before).filter((key) => key === head).length, 10);
    await end(monitor);
  });
});

test("in a large fleet a new next server is dialled after a random wait, the head at once", async () => {
  const { ports, servers, proxy, head, monitor } = await bench([A, B, C]);
  await proxy.refreshServerLists(
    [A, B, C].map((rpcAdvertiseAddr) => ({
      rpcAdvertiseAddr,
      rpcMajorVersion: 1,
      rpcMinorVersion: 0,
      datacenter: "dc1",
    })),
    100_000,
    A,
  );
  servers.kill(A);
  await settled();
  assert.equal(head(), B);
  assert.deepEqual(servers.connected, [B], "100,000 agents must not dial the same server in one moment");
  await ports.clock.advance(521_000);
  assert.deepEqual(servers.connected, [B, C]);
  await end(monitor);
});

suite("failover", () => {
  test("a killed head is followed by the next server without waiting for any timer", async () => {
    const { servers, head, monitor } = await bench([A, B, C]);
    servers.kill(A);
    await settled();
    assert.equal(head(), B);
    await end(monitor);
  });

  test("two of three dead at once: the third is head without waiting for any timer", async () => {
    const { servers, head, monitor } = await bench([A, B, C]);
    servers.kill(B);
    servers.kill(A);
    await settled();
    assert.equal(head(), C);
    await end(monitor);
  });

  test("crashed in turn, soon after the start, the next server is head each time, though the first closed a connection as it died", async () => {
    const { ports, servers, head, proxy, monitor } = await bench([A, B, C]);
    servers.set(A, "closing-at-once");
    servers.dropConnections(A);
    await settled();
    servers.set(A, "up");
    for (let crash = 2; crash <= 6; crash++) {
      await ports.clock.advance(300);
      const [dead = "", next] = proxy.serverRpcAddrs();
      servers.kill(dead);
      await settled();
      assert.equal(head(), next, `crash ${crash}`);
      servers.set(dead, "up");
    }
    await end(monitor);
  });

  test("a hanging head is followed by the next server within interval and timeout", async () => {
    const { ports, servers, head, monitor } = await bench([A, B, C]);
    servers.set(A, "hanging");
    await ports.clock.advance(1_000);
    assert.equal(head(), B);
    await end(monitor);
  });

  test("the cause is kept: which server, who noticed, why", async () => {
    const { ports, servers, proxy, monitor } = await bench([A, B]);
    await ports.clock.advance(1_000);
    servers.kill(A);
    await settled();
    assert.deepEqual(proxy.snapshot().cause, {
      occurrence: "server-failed",
      source: "health",
      server: A,
      reason: "connection refused",
    });
    await end(monitor);
  });

  test("a connection that closes once is opened again and rotates nothing", async () => {
    const { ports, servers, head, monitor } = await bench([A, B]);
    await ports.clock.advance(10_000);
    servers.dropConnections(A);
    await settled();
    assert.equal(head(), A);
    assert.deepEqual(servers.connected, [A, B]);
    await end(monitor);
  });

  for (const behaviour of ["closing-at-once", "closing-after-an-answer", "answering-garbage"] as const) {
    test(`a server ${behaviour} is not head for long, and is not dialled without end`, async () => {
      const { ports, servers, head, monitor } = await bench([A, B]);
      servers.set(A, behaviour);
      servers.dropConnections(A);
      await ports.clock.advance(1_000);
      assert.equal(head(), B);
      const before = servers.dialled.length;
      await ports.clock.advance(10_000);
      assert.ok(servers.dialled.length - before <= 20, `${servers.dialled.length - before} dials in 10 s`);
      assert.equal(head(), B);
      await end(monitor);
    });
  }

  test("a server that stays down is dialled at random times, and a large fleet dials it no more often than a small one", async () => {
    for (const [numNodes, longestMs] of [
      [10, 1_000],
      [12_800, 100_000],
    ] as const) {
      const { ports, servers, proxy, monitor } = await bench([A, B]);
      await growTo(numNodes, proxy);
      servers.kill(A);
      await ports.clock.advance(50 * longestMs);
      const times = servers.dialledAt.filter((at, i) => servers.dialled[i] === A && at > 0);
      const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
      assert.ok(Math.min(...gaps) >= 500 && Math.max(...gaps) <= longestMs, gaps.join(" "));
      assert.ok(Math.max(...gaps) > 0.9 * longestMs, gaps.join(" "));
      const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
      assert.ok(mean > 0.4 * longestMs && new Set(gaps).size > gaps.length / 3, gaps.join(" "));
      await end(monitor);
    }
  });

  test("a connection that is dropped while idle is opened again, however seldom the fleet may ping", async () => {
    const { ports, servers, head, proxy, monitor } = await bench([A, B]);
    await growTo(100_000, proxy);
    for (let drops = 0; drops < 5; drops++) {
      await ports.clock.advance(30_000);
      servers.dropConnections(A);
    }
    await settled();
    assert.equal(head(), A);
    assert.deepEqual(linesOf(ports, "warn", "error"), []);
    await end(monitor);
  });

  test("a rebalance that chose a server wins over what was known of it before", async () => {
    const { ports, servers, head, proxy, monitor } = await bench([A, B]);
    await growTo(10_000_000, proxy);
    servers.kill(B);
    await ports.clock.advance(0);
    servers.set(B, "up");
    // Longer than B's penalty, much shorter than the time until it is dialled again.
    await ports.clock.advance(31_000);
    servers.set(A, "refusing");
    await proxy.rebalanceServers();
    await settled();
    assert.equal(head(), B);
    assert.deepEqual(linesOf(ports, "warn", "error"), []);
    await end(monitor);
  });

  test("an application error is an answer: it rotates nothing", async () => {
    const { ports, servers, head, proxy, monitor } = await bench([A, B]);
    const { revision } = proxy.snapshot();
    servers.set(A, "answering-an-application-error");
    await ports.clock.advance(60_000);
    assert.equal(head(), A);
    assert.equal(proxy.snapshot().revision, revision);
    await end(monitor);
  });
});

suite("an application error while connecting", () => {
  test("is an answer: it rotates nothing, and is asked for twice a second, however often pings are due", async () => {
    const { ports, servers, head, proxy, monitor } = await bench([A, B], { intervalMs: 125 });
    const { revision } = proxy.snapshot();
    servers.set(A, "opening-with-an-application-error");
    servers.dropConnections(A);
    const before = servers.dialled.length;
    await ports.clock.advance(60_000);
    assert.equal(head(), A);
    assert.equal(proxy.snapshot().revision, revision);
    assert.equal(monitor.status().phase, "up");
    assert.ok(servers.dialled.length - before <= 121, `${servers.dialled.length - before} dials`);
    await end(monitor);
    await settled();
    assert.equal(ports.clock.pending, 0);
  });

  test("ends an outage", async () => {
    const { ports, servers, head, monitor } = await bench([A, B]);
    servers.kill(A);
    servers.kill(B);
    await ports.clock.advance(30_000);
    servers.set(B, "opening-with-an-application-error");
    await ports.clock.advance(501);
    assert.equal(head(), B);
    assert.equal(monitor.status().phase, "up");
    await end(monitor);
  });
});

test("a machine that has no socket left blames no server, and asks again twice a second at most", async () => {
  const { ports, servers, proxy, monitor } = await bench([A, B], { intervalMs: 125 });
  const { revision } = proxy.snapshot();
  for (const key of [A, B]) {
    servers.set(key, "out-of-local-sockets");
    servers.dropConnections(key);
  }
  const before = servers.dialled.length;
  const troubles = () => ports.logger.lines.filter(({ message }) => message.includes("could not ask"));
  await ports.clock.advance(59_000);
  assert.deepEqual(
    troubles().map(({ fields }) => fields),
    [{ server: A, reason: "no socket left (EMFILE)" }],
    "told once, whichever server it was",
  );
  await ports.clock.advance(1_000);
  assert.equal(troubles().length, 2, "and again after a minute");
  assert.equal(proxy.snapshot().revision, revision);
  assert.ok(servers.dialled.length - before <= 121 + 13, `${servers.dialled.length - before} dials`);
  assert.notEqual(monitor.status().phase, "down");
  for (const key of [A, B]) {
    servers.set(key, "up");
  }
  await ports.clock.advance(6_000);
  assert.deepEqual(servers.connected, [A, B]);
  await end(monitor);
});

suite("all servers down", () => {
  test("the list stays and the state is visible", async () => {
    const { ports, servers, proxy, monitor } = await bench([A, B, C]);
    for (const key of [A, B, C]) {
      servers.kill(key);
    }
    await ports.clock.advance(2_000);
    const { revision } = proxy.snapshot();
    await ports.clock.advance(60_000);
    assert.equal(proxy.numServers(), 3);
    assert.equal(proxy.snapshot().revision, revision, "no rotation without end");
    assert.equal(monitor.status().phase, "down");
    assert.equal(ports.logger.lines.filter(({ level }) => level === "error").length, 1);
    await end(monitor);
  });

  for (const key of [A, B, C]) {
    test(`${key} coming back is head within one interval`, async () => {
      const { ports, servers, head, monitor } = await bench([A, B, C]);
      for (const other of [A, B, C]) {
        servers.kill(other);
      }
      await ports.clock.advance(30_000);
      servers.set(key, "up");
      await ports.clock.advance(501);
      assert.equal(head(), key);
      assert.equal(monitor.status().phase, "up");
      await end(monitor);
    });
  }

  test("what is known of the next server may be old: it is asked before all count as down", async () => {
    const { ports, servers, head, proxy, monitor } = await bench([A, B]);
    await proxy.refreshServerLists(
      [A, B].map((rpcAdvertiseAddr) => ({ ...LOCAL, rpcAdvertiseAddr })),
      1_000_000,
      A,
    );
    servers.kill(B);
    await settled();
    servers.set(B, "up");
    servers.kill(A);
    await settled();
    assert.equal(head(), B);
    assert.equal(ports.logger.lines.filter(({ level }) => level === "error").length, 0);
    await end(monitor);
  });

  test("a server that answers with an application error is up", async () => {
    const { ports, servers, head, monitor } = await bench([A, B]);
    servers.kill(A);
    servers.kill(B);
    await ports.clock.advance(30_000);
    servers.set(B, "answering-an-application-error");
    await ports.clock.advance(501);
    assert.equal(head(), B);
    await end(monitor);
  });

  test("names of servers that are down are looked up again long before their TTL is over", async () => {
    const { ports, servers, proxy, monitor } = await bench([]);
    for (const name of ["one.example", "two.example"]) {
      ports.resolver.names.set(name, { addresses: ["127.0.0.1"], ttlSeconds: 3_600 });
      servers.set(`${name}:1`, "refusing");
      await proxy.addPrimaryServer(`${name}:1`);
    }
    await ports.clock.advance(10_000);
    assert.equal(monitor.status().phase, "down");
    ports.resolver.names.set("one.example", { addresses: ["127.0.0.2"], ttlSeconds: 3_600 });
    ports.resolver.names.set("two.example", { addresses: ["127.0.0.3"], ttlSeconds: 3_600 });
    await ports.clock.advance(2_000);
    const addresses = proxy.snapshot().servers.flatMap((server) => server.addresses);
    assert.deepEqual(addresses.toSorted(), ["127.0.0.2", "127.0.0.3"]);
    assert.ok(ports.resolver.asked.length <= 2 * 14, `${ports.resolver.asked.length} questions in 12 s`);
    await end(monitor);
  });

  test("a server that is added meanwhile is head at once", async () => {
    const { ports, servers, head, proxy, monitor } = await bench([A]);
    servers.kill(A);
    await ports.clock.advance(30_000);
    assert.equal(monitor.status().phase, "down");
    await proxy.addPrimaryServer(B);
    await settled();
    assert.equal(head(), B);
    assert.equal(monitor.status().phase, "up");
    await end(monitor);
  });
});

test("when every server was replaced by new ones, the first of them is head, and none counts as failed", async () => {
  const { ports, servers, head, proxy, monitor } = await bench([]);
  await proxy.setBackupServers([A, B]);
  servers.kill(A);
  servers.kill(B);
  await ports.clock.advance(30_000);
  assert.equal(monitor.status().phase, "down");
  const warned = linesOf(ports, "warn").length;
  await proxy.setBackupServers([C, D]);
  await settled();
  assert.equal(head(), C);
  assert.equal(monitor.status().phase, "up");
  assert.equal(linesOf(ports, "warn").length, warned);
  await end(monitor);
});

suite("servers that take connections and close them after an answer", () => {
  for (const keys of [[A], [A, B], [A, B, C]]) {
    test(`${keys.length} of ${keys.length}: down, dialled at a bounded rate, in an order that stays`, async () => {
      const { ports, servers, proxy, monitor } = await bench(keys);
      for (const key of keys) {
        servers.set(key, "closing-after-an-answer");
        servers.dropConnections(key);
      }
      await ports.clock.advance(5_000);
      const [dials, { revision }] = [servers.dialled.length, proxy.snapshot()];
      await ports.clock.advance(60_000);
      assert.equal(monitor.status().phase, "down");
      assert.equal(proxy.snapshot().revision, revision, "no other head");
      // 120 intervals: in each at most one probe of each server, twice that where half an interval was drawn, and two
      // watches.
      const perInterval = (servers.dialled.length - dials) / 120;
      assert.ok(perInterval <= 2 * keys.length + 4, `${perInterval} dials per interval`);
      assert.deepEqual(linesOf(ports, "error"), ["no server answers: the list stays as it is"]);
      // Each may answer once more, as a head that starts a new pass, before it is known to close at once.
      assert.ok(linesOf(ports, "info", "warn").length <= 2 * keys.length, "no line for each try");
      await end(monitor);
    });
  }

  test("once connections last the server is up again, within two seconds", async () => {
    const { ports, servers, head, monitor } = await bench([A, B]);
    for (const key of [A, B]) {
      servers.set(key, "closing-after-an-answer");
      servers.dropConnections(key);
    }
    await ports.clock.advance(30_000);
    servers.set(B, "up");
    await ports.clock.advance(2_000);
    assert.equal(head(), B);
    assert.equal(monitor.status().phase, "up");
    await end(monitor);
  });
});

test("an outage that ends and begins again, again and again, does so at a bounded rate", async () => {
  const { ports, servers, monitor } = await bench([A]);
  const before = servers.dialled.length;
  servers.set(A, "refusing-every-other-time");
  for (let drops = 0; drops < 20; drops++) {
    servers.dropConnections(A);
    await ports.clock.advance(500);
  }
  const dials = servers.dialled.length - before;
  assert.ok(dials <= 20 * 6, `${dials} dials in 20 intervals`);
  await end(monitor);
});

suite("after a failure", () => {
  test("a flapping server is not chosen by a rebalance until its growing penalty is over", async () => {
    const { ports, servers, head, proxy, monitor } = await bench([A, B]);
    servers.kill(A);
    await settled();
    servers.set(A, "up");
    await ports.clock.advance(29_000);
    for (let round = 0; round < 20; round++) {
      await proxy.rebalanceServers();
      assert.equal(head(), B);
    }
    await ports.clock.advance(2_000);
    const heads = new Set<string | undefined>();
    for (let round = 0; round < 20; round++) {
      await proxy.rebalanceServers();
      heads.add(head());
    }
    assert.deepEqual(heads, new Set([A, B]));
    await end(monitor);
  });

  test("the list goes back from a backup to a primary that answered for 30 s, not before", async () => {
    const { ports, servers, head, proxy, monitor } = await bench([A]);
    await proxy.setBackupServers([B]);
    servers.kill(A);
    await ports.clock.advance(120_000);
    assert.equal(head(), B);
    servers.set(A, "up");
    await ports.clock.advance(29_000);
    assert.equal(head(), B);
    await ports.clock.advance(12_000);
    assert.equal(head(), A);
    assert.equal(proxy.snapshot().cause.occurrence, "rebalanced");
    await end(monitor);
  });

  test("while the head is a backup, dead primaries are tried in turn until one answers", async () => {
    const { ports, servers, head, proxy, monitor } = await bench([A, B]);
    await proxy.setBackupServers([C]);
    servers.kill(A);
    servers.kill(B);
    await ports.clock.advance(1_000);
    assert.equal(head(), C);
    const before = servers.dialled.length;
    await ports.clock.advance(60_000);
    const dials = servers.dialled.slice(before);
    assert.ok(dials.includes(A) && dials.includes(B), "both are tried");
    assert.ok(dials.length <= 120, `${dials.length} dials in a minute`);
    servers.set(B, "up");
    await ports.clock.advance(40_000);
    assert.equal(head(), B);
    await end(monitor);
  });

  test("a primary that failed again and again is waited for, and no backup is exchanged for another meanwhile", async () => {
    const { ports, servers, head, proxy, monitor } = await bench([A]);
    await proxy.setBackupServers([B, C, D]);
    for (let failures = 0; failures < 3; failures++) {
      servers.set(A, "up");
      await ports.clock.advance(40_000);
      servers.kill(A);
      await ports.clock.advance(10_000);
    }
    servers.set(A, "up");
    const failures = proxy.history().filter(({ head }) => head !== A).length;
    const backup = head();
    assert.notEqual(backup, A);
    await ports.clock.advance(600_000);
    assert.equal(head(), A);
    assert.ok(!linesOf(ports, "debug").includes("rebalance: server did not answer"), "not tried in vain");
    assert.equal(proxy.history().filter(({ head }) => head !== A).length, failures, "no other backup");
    assert.equal(proxy.history().at(-1)?.previousHead, backup);
    await end(monitor);
  });

  test("a primary that answers, but takes no new connection, does not set off a change among the backups", async () => {
    const { ports, servers, head, proxy, monitor } = await bench([A]);
    await proxy.setBackupServers([B, C, D]);
    servers.kill(A);
    await settled();
    servers.set(A, "up");
    await ports.clock.advance(20_000);
    servers.set(A, "refusing");
    const { revision } = proxy.snapshot();
    await ports.clock.advance(120_000);
    assert.deepEqual(servers.connected, [A, B]);
    assert.equal(head(), B);
    assert.equal(proxy.snapshot().revision, revision);
    await end(monitor);
  });
});

suite("a fleet that was said to be far larger than it is", () => {
  for (const absurd of [500_000_000, Number.MAX_SAFE_INTEGER]) {
    test(`${absurd} nodes are not believed: a head that hangs is followed as ever`, async () => {
      const { ports, servers, head, proxy, monitor } = await bench([A, B, C]);
      await growTo(absurd, proxy);
      await ports.clock.advance(1_000);
      servers.set(A, "hanging");
      await ports.clock.advance(1_000);
      assert.equal(head(), B);
      await end(monitor);
    });
  }

  test("10,000,000 nodes: a head that hangs is followed within 5 min", async () => {
    const { ports, servers, head, proxy, monitor } = await bench([A, B, C]);
    await growTo(10_000_000, proxy);
    await ports.clock.advance(1_000);
    servers.set(A, "hanging");
    await ports.clock.advance(300_500);
    assert.equal(head(), B);
    await end(monitor);
  });

  test("once the right number is known, a ping that was put off is sent at the right pace", async () => {
    const { ports, servers, head, proxy, monitor } = await bench([A, B, C]);
    await growTo(10_000_000, proxy);
    await ports.clock.advance(1_000);
    servers.set(A, "hanging");
    const pings = () => servers.pinged.filter((key) => key === A).length;
    const before = pings();
    await ports.clock.advance(60_000);
    assert.equal(pings(), before, "the next one is far away");
    await growTo(30, proxy);
    await ports.clock.advance(500);
    assert.equal(pings(), before + 2, "and once more, as its answer is late");
    assert.equal(head(), B);
    await end(monitor);
  });

  test("more servers bring a ping forward, too", async () => {
    const { ports, servers, head, proxy, monitor } = await bench([A]);
    await growTo(100_000, proxy);
    await ports.clock.advance(1_000);
    servers.set(A, "hanging");
    const others = Array.from({ length: 99 }, (_, i) => `127.0.0.2:${i + 1}`);
    await ports.clock.advance(3_000);
    await proxy.setBackupServers(others);
    await ports.clock.advance(500);
    assert.notEqual(head(), A, "100,000 nodes on 100 servers: every 2 s");
    await end(monitor);
  });

  test("a new next server whose dial was put off is dialled", async () => {
    const { ports, servers, proxy, monitor } = await bench([A, B, C]);
    await growTo(10_000_000, proxy);
    servers.kill(A);
    await settled();
    assert.deepEqual(servers.connected, [B]);
    await growTo(30, proxy);
    await ports.clock.advance(500);
    assert.deepEqual(servers.connected, [B, C]);
    await end(monitor);
  });

  test("while all are down: one that is back is used once the right number is known", async () => {
    const { ports, servers, head, proxy, monitor } = await bench([A, B, C]);
    await growTo(10_000_000, proxy);
    for (const key of [A, B, C]) {
      servers.kill(key);
    }
    await ports.clock.advance(1_000);
    assert.equal(monitor.status().phase, "down");
    servers.set(C, "up");
    await ports.clock.advance(10_000);
    assert.equal(monitor.status().phase, "down");
    await growTo(30, proxy);
    await ports.clock.advance(500);
    assert.equal(head(), C);
    assert.equal(monitor.status().phase, "up");
    await end(monitor);
    assert.equal(ports.clock.pending, 0);
  });
});
