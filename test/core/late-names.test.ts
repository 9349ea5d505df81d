import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Resolution, Resolver } from "../../src/core/ports.ts";
import { RpcProxy } from "../../src/core/rpc-proxy.ts";
import { CONFIG, fakePorts, settled } from "../support/fake-ports.ts";
import { addr, heartbeatOf } from "./proxy-fixtures.ts";

const FOUND: Resolution = { addresses: ["10.9.9.9"], ttlSeconds: 3_600 };
const NAME = "web.example:1";

/** A nameserver that can be down, silent for names that begin with "silent", and counts. */
class Nameserver implements Resolver {
  isDown = false;
  readonly asked: string[] = [];
  underWay = 0;
  most = 0;

  resolve(host: string, signal?: AbortSignal): Promise<Resolution> {
    this.asked.push(host);
    if (!host.startsWith("silent")) {
      return this.isDown ? Promise.reject(new Error("SERVFAIL")) : Promise.resolve(FOUND);
    }
    this.underWay += 1;
    this.most = Math.max(this.most, this.underWay);
    return new Promise((_resolve, reject) => {
      signal?.addEventListener("abort", () => {
        this.underWay -= 1;
        reject(signal.reason as Error);
      });
    });
  }
}

function bench() {
  const ports = fakePorts();
  const resolver = new Nameserver();
  const proxy = new RpcProxy({ ...ports, resolver }, CONFIG);
  const warned = () =>
    ports.logger.lines.filter(({ level }) => level === "warn").map(({ message }) => message);
  return { ...ports, resolver, proxy, warned };
}

function silentNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `silent-${index}.example:1`);
}

type Report = (proxy: RpcProxy, addresses: readonly string[]) => Promise<unknown>;

const SOURCES: readonly [source: string, tier: "primary" | "backup", report: Report][] = [
  ["consul", "backup", (proxy, list) => proxy.setBackupServers(list)],
  ["consul", "primary", (proxy, list) => proxy.setBackupServers(list, { tier: "primary" })],
  ["heartbeat", "primary", (proxy, list) => proxy.refreshServerLists(heartbeatOf(list), 5, "")],
  ["heartbeat", "backup", (proxy, list) => proxy.refreshServerLists(heartbeatOf(list, "dc2"), 5, "")],
  [
    "static",
    "primary",
    (proxy, list) => {
      for (const address of list) {
        proxy.keepPrimaryServer(address, new AbortController().signal);
      }
      return Promise.resolve();
    },
  ],
];

suite("a name that has no address yet", () => {
  for (const [source, tier, report] of SOURCES) {
    test(`is a server within 5 s once its nameserver is back: ${tier} by ${source}`, async () => {
      const { proxy, clock, resolver, warned } = bench();
      resolver.isDown = true;
      await report(proxy, [addr(1), NAME]);
      assert.deepEqual(proxy.serverRpcAddrs(), [addr(1)]);
      await clock.advance(8_000);
      resolver.isDown = false;
      await clock.advance(5_000);
      assert.deepEqual(proxy.serverRpcAddrs(), [addr(1), NAME]);
      const { claims, endpoint } = proxy.snapshot().members.get(NAME) ?? {};
      assert.deepEqual([claims, endpoint?.addresses], [{ [source]: tier }, ["10.9.9.9"]]);
      assert.deepEqual(warned(), [
        "names of servers that can't be used yet: " +
          "web.example:1: expected a name with an address (SERVFAIL)",
      ]);
      assert.equal(clock.pending, 0, "no timer left");
    });

    test(`keeps no other server waiting for longer than a second: ${tier} by ${source}`, async () => {
      const { proxy, clock } = bench();
      const reported = report(proxy, ["silent.example:1", addr(1), NAME]);
      await clock.advance(1_000);
      await reported;
      assert.deepEqual(proxy.serverRpcAddrs().toSorted(), [addr(1), NAME].toSorted());
    });
  }

  test("does not empty a list, and when it is found the report is taken as a whole", async () => {
    for (const report of [SOURCES[0]?.[2], SOURCES[2]?.[2]]) {
      const { proxy, clock, resolver } = bench();
      await report?.(proxy, [addr(1), addr(2)]);
      resolver.isDown = true;
      await report?.(proxy, [NAME]);
      await clock.advance(8_000);
      assert.deepEqual(proxy.serverRpcAddrs().toSorted(), [addr(1), addr(2)]);
      resolver.isDown = false;
      await clock.advance(5_000);
      assert.deepEqual(proxy.serverRpcAddrs(), [NAME]);
    }
  });

  test("is given up when the source's next report leaves it out, and not when that names it again", async () => {
    const { proxy, clock, resolver } = bench();
    const first = proxy.setBackupServers([addr(1), "silent-a.example:1", "silent-b.example:1"]);
    await clock.advance(1_000);
    assert.equal((await first).length, 2);
    assert.equal(resolver.underWay, 2);
    const second = proxy.setBackupServers([addr(1), "silent-b.example:1"], { tier: "primary" });
    assert.equal(resolver.underWay, 1);
    await clock.advance(1_000);
    await second;
    assert.deepEqual(resolver.asked, ["silent-a.example", "silent-b.example"]);
    await proxy.setBackupServers([addr(1)]);
    assert.equal(resolver.underWay, 0);
    assert.equal(clock.pending, 0);
  });

  test("is still wanted by the one source when the other leaves it out", async () => {
    const { proxy, clock, resolver } = bench();
    resolver.isDown = true;
    await proxy.setBackupServers([NAME]);
    await proxy.refreshServerLists(heartbeatOf([addr(1), NAME]), 5, "");
    await proxy.refreshServerLists(heartbeatOf([addr(1)]), 5, "");
    resolver.isDown = false;
    await clock.advance(5_000);
    assert.deepEqual(proxy.snapshot().members.get(NAME)?.claims, { consul: "backup" });
  });

  test("leaves nothing when the run ends, and what fails later is not asked for again", async () => {
    const { proxy, clock, resolver } = bench();
    const stop = new AbortController();
    const running = proxy.run(stop.signal);
    resolver.isDown = true;
    await proxy.setBackupServers([NAME, addr(1)]);
    const waiting = proxy.refreshServerLists(heartbeatOf(["silent.example:1"]), 5, "");
    stop.abort();
    await running;
    await waiting;
    assert.deepEqual([clock.pending, resolver.underWay], [0, 0]);
    await proxy.setBackupServers([NAME]);
    assert.equal(clock.pending, 0);
  });

  test("makes no list of a source that lost its names earlier come back", async () => {
    const { proxy, clock, resolver } = bench();
    resolver.isDown = true;
    await proxy.setBackupServers([addr(1), NAME]);
    await proxy.setBackupServers([addr(2)]);
    resolver.isDown = false;
    await clock.advance(60_000);
    assert.deepEqual(proxy.serverRpcAddrs(), [addr(2)]);
  });
});

suite("10,000 names and a silent nameserver", () => {
  const many = silentNames(10_000);

  for (const [source, tier, report] of SOURCES.slice(0, 4)) {
    test(`make 64 look-ups at most, and leave the others out, said once: ${tier} by ${source}`, async () => {
      const { proxy, clock, resolver, warned } = bench();
      for (let round = 0; round < 3; round++) {
        const reported = report(proxy, [...many, addr(1)]);
        await clock.advance(1_000);
        await reported;
      }
      assert.deepEqual(proxy.serverRpcAddrs(), [addr(1)]);
      assert.ok(resolver.most <= 64, String(resolver.most));
      assert.deepEqual(warned(), ["too many names of servers in a list: some are left out"]);
      await report(proxy, [addr(1)]);
      assert.equal(resolver.underWay, 0);
    });
  }

  test("keep no other name waiting: of another source, of the same one later, or of a server that failed", async () => {
    const { proxy, clock, resolver } = bench();
    const listed = await proxy.addPrimaryServer("listed.example:1");
    const heard = proxy.refreshServerLists(heartbeatOf([...many, "listed.example:1"]), 5, "");
    await clock.advance(2_000);
    await heard;
    await proxy.setBackupServers(["consul.example:1"]);
    await proxy.addPrimaryServer("api.example:1");
    proxy.keepPrimaryServer("static.example:1", new AbortController().signal);
    await settled();
    assert.deepEqual(
      proxy.serverRpcAddrs(),
      ["listed", "consul", "api", "static"].map((name) => `${name}.example:1`),
    );
    const asked = resolver.asked.length;
    proxy.notifyFailedServer(listed);
    assert.deepEqual(resolver.asked.slice(asked), ["listed.example"]);
    await proxy.refreshServerLists(heartbeatOf(["later.example:1"]), 5, "");
    assert.ok(proxy.serverRpcAddrs().includes("later.example:1"));
  });
});

suite("many names that fail at once", () => {
  test("make 50 look-ups a second at most, and a line a minute", async () => {
    const { proxy, clock, resolver, warned } = bench();
    resolver.isDown = true;
    const names = Array.from({ length: 300 }, (_, index) => `n${index}.example:1`);
    const rejected = await proxy.setBackupServers(names);
    assert.equal(rejected.length, 300);
    await clock.advance(30_000);
    const asked = resolver.asked.length;
    await clock.advance(40_000);
    const perSecond = (resolver.asked.length - asked) / 40;
    assert.ok(perSecond < 50, `${perSecond} look-ups a second`);
    assert.equal(warned().length, 2);
    assert.match(warned()[1] ?? "", /and 297 more$/);
    resolver.isDown = false;
    await clock.advance(15_000);
    assert.equal(proxy.numServers(), 300);
  });
});

test("a failed server's name is asked for at once, before hundreds whose time has come and that nobody answers for", async () => {
  const asked: string[] = [];
  const resolver: Resolver = {
    resolve: (host) => {
      asked.push(host);
      return asked.length <= 200 ? Promise.resolve(FOUND) : new Promise(() => undefined);
    },
  };
  const ports = fakePorts();
  const named = new RpcProxy({ ...ports, resolver }, CONFIG);
  const stop = new AbortController();
  void named.run(stop.signal);
  await named.setBackupServers(Array.from({ length: 200 }, (_, index) => `n${index}.example:1`));
  await ports.clock.advance(3_602_000);
  assert.equal(asked.length, 232);
  const last = named.snapshot().servers.at(-1);
  assert.ok(last !== undefined && !asked.slice(200).includes(last.host));
  named.notifyFailedServer(last);
  assert.deepEqual(asked.slice(232), [last.host]);
  stop.abort();
});
