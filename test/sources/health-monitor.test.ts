import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { RpcProxy } from "../../src/core/rpc-proxy.ts";
import { ConnectionPinger } from "../../src/net/connection-pinger.ts";
import { type HealthConfig, HealthMonitor } from "../../src/sources/health-monitor.ts";
import { PenalisingPinger } from "../../src/sources/penalising-pinger.ts";
import { Penalties } from "../../src/sources/penalties.ts";
import { CONFIG, type FakePorts, fakePorts, settled } from "../core/fake-ports.ts";
import { FakeServers } from "./fake-servers.ts";

const [A, B, C] = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"] as const;

const LOCAL = { rpcMajorVersion: 1, rpcMinorVersion: 0, datacenter: "dc1" };

interface Bench {
  readonly ports: FakePorts;
  readonly servers: FakeServers;
  readonly proxy: RpcProxy;
  readonly monitor: HealthMonitor;
  readonly head: () => string | undefined;
}

async function bench(addresses: readonly string[], config: Partial<HealthConfig> = {}): Promise<Bench> {
  const base = fakePorts();
  const servers = new FakeServers(base.clock);
  const penalties = new Penalties(base.clock);
  const pinger = new ConnectionPinger(servers, { timeoutMs: 500 });
  const ports = { ...base, pinger: new PenalisingPinger(pinger, penalties) };
  const proxy = new RpcProxy(ports, CONFIG);
  for (const address of addresses) {
    await proxy.addPrimaryServer(address);
  }
  const monitor = new HealthMonitor(
    { ...ports, proxy, connector: servers, pinger, penalties },
    {
      intervalMs: 500,
      timeoutMs: 500,
      standby: true,
      pingContext: { region: "global", apiMajorVersion: 1 },
      ...config,
    },
  );
  monitor.start();
  await settled();
  return { ports, servers, proxy, monitor, head: () => proxy.findServer()?.key };
}

suite("held connections", () => {
  test("one to the head and one to the next server, no more", async () => {
    const { ports, servers, monitor } = await bench([A, B, C]);
    await ports.clock.advance(60_000);
    assert.deepEqual(servers.connected, [A, B]);
    monitor.stop();
    await settled();
    assert.deepEqual(servers.connected, []);
    assert.equal(ports.clock.pending, 0);
  });

  test("without standby only one to the head", async () => {
    const { servers, monitor } = await bench([A, B, C], { standby: false });
    assert.deepEqual(servers.connected, [A]);
    monitor.stop();
  });

  test("the head is pinged each interval, the next server a tenth as often", async () => {
    const { ports, servers, monitor } = await bench([A, B]);
    const before = servers.pinged.length;
    await ports.clock.advance(50_000);
    const pings = servers.pinged.slice(before);
    assert.equal(pings.filter((key) => key === A).length, 100);
    assert.equal(pings.filter((key) => key === B).length, 10);
    monitor.stop();
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
    monitor.stop();
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
  monitor.stop();
});

suite("failover", () => {
  test("a killed head is followed by the next server without waiting for any timer", async () => {
    const { servers, head, monitor } = await bench([A, B, C]);
    servers.kill(A);
    await settled();
    assert.equal(head(), B);
    monitor.stop();
  });

  test("two of three dead at once: the third is head without waiting for any timer", async () => {
    const { servers, head, monitor } = await bench([A, B, C]);
    servers.kill(B);
    servers.kill(A);
    await settled();
    assert.equal(head(), C);
    monitor.stop();
  });

  test("a hanging head is followed by the next server within interval and timeout", async () => {
    const { ports, servers, head, monitor } = await bench([A, B, C]);
    servers.set(A, "hanging");
    await ports.clock.advance(1_000);
    assert.equal(head(), B);
    monitor.stop();
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
    monitor.stop();
  });

  test("a connection that closes once is opened again and rotates nothing", async () => {
    const { ports, servers, head, monitor } = await bench([A, B]);
    await ports.clock.advance(10_000);
    servers.dropConnections(A);
    await settled();
    assert.equal(head(), A);
    assert.deepEqual(servers.connected, [A, B]);
    monitor.stop();
  });

  for (const behaviour of ["closing-at-once", "answering-garbage"] as const) {
    test(`a server ${behaviour} is not head for long, and is not dialled without end`, async () => {
      const { ports, servers, head, monitor } = await bench([A, B]);
      servers.set(A, behaviour);
      servers.dropConnections(A);
      await ports.clock.advance(1_000);
      assert.equal(head(), B);
      const before = servers.dialled.length;
      await ports.clock.advance(10_000);
      assert.ok(servers.dialled.length - before <= 40, `${servers.dialled.length - before} dials in 10 s`);
      monitor.stop();
    });
  }

  test("an application error is an answer: it rotates nothing", async () => {
    const { ports, servers, head, proxy, monitor } = await bench([A, B]);
    const { revision } = proxy.snapshot();
    servers.set(A, "answering-an-application-error");
    await ports.clock.advance(60_000);
    assert.equal(head(), A);
    assert.equal(proxy.snapshot().revision, revision);
    monitor.stop();
  });
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
    monitor.stop();
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
      monitor.stop();
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
    monitor.stop();
  });

  test("a server that answers with an application error is up", async () => {
    const { ports, servers, head, monitor } = await bench([A, B]);
    servers.kill(A);
    servers.kill(B);
    await ports.clock.advance(30_000);
    servers.set(B, "answering-an-application-error");
    await ports.clock.advance(501);
    assert.equal(head(), B);
    monitor.stop();
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
    monitor.stop();
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
    monitor.stop();
  });
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
    monitor.stop();
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
    monitor.stop();
  });
});
