/**
 * A rebalance during which the list changes: at every point where it waits, and in every combination, no update is
 * lost.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seededRandom } from "../../scripts/lab/seeded-random.ts";
import { RpcProxy } from "../../src/core/rpc-proxy.ts";
import type { ServerEndpoint } from "../../src/core/server-endpoint.ts";
import { FakePinger } from "../support/fake-pinger.ts";
import { CONFIG, fakePorts, settled } from "../support/fake-ports.ts";
import { addr, addrs, heartbeatOf } from "./proxy-fixtures.ts";

/** What may happen while a rebalance waits; each knows what it must leave behind. */
const MEANWHILE: Record<string, (proxy: RpcProxy, pinged: ServerEndpoint | undefined) => Promise<unknown>> = {
  nothing: () => Promise.resolve(),
  "a heartbeat adds and removes": (proxy) =>
    proxy.refreshServerLists(heartbeatOf([addr(1), addr(2), addr(11)]), 77, addr(1)),
  "a heartbeat replaces everything": (proxy) =>
    proxy.refreshServerLists(heartbeatOf([addr(21), addr(22)]), 78, addr(21)),
  "the pinged server is removed": (proxy, pinged) => Promise.resolve(pinged && proxy.removeServer(pinged)),
  "another server is removed": (proxy, pinged) => {
    const other = proxy.snapshot().servers.find((server) => server.key !== pinged?.key);
    return Promise.resolve(other && proxy.removeServer(other));
  },
  "the pinged server is removed and comes back": (proxy, pinged) => {
    if (pinged !== undefined) {
      proxy.removeServer(pinged);
    }
    return proxy.addPrimaryServer(pinged?.key ?? addr(1));
  },
  "the head fails": (proxy) => {
    const head = proxy.findServer();
    return Promise.resolve(head && proxy.notifyFailedServer(head));
  },
  "the pinged server fails": (proxy, pinged) => Promise.resolve(pinged && proxy.notifyFailedServer(pinged)),
  "the last server fails": (proxy) => {
    const last = proxy.snapshot().servers.at(-1);
    return Promise.resolve(last && proxy.notifyFailedServer(last));
  },
  "every server fails once": (proxy) => {
    for (const server of proxy.snapshot().servers) {
      proxy.notifyFailedServer(server);
    }
    return Promise.resolve();
  },
  "backups come": (proxy) => proxy.setBackupServers([addr(31), addr(32), addr(1)]),
  "backups leave": (proxy) => proxy.setBackupServers([]),
  "a primary comes": (proxy) => proxy.addPrimaryServer(addr(41)),
};

const HAPPENINGS = Object.keys(MEANWHILE);

interface Plan {
  readonly seed: number;
  /** How many pings fail before one is answered; all of them when there are not so many servers. */
  readonly failures: number;
  /** What happens while the n-th ping waits. */
  readonly during: readonly string[];
}

/** A proxy that knows every server reported to it as failed, also those whose failure rotated nothing. */
class WatchedProxy extends RpcProxy {
  readonly reportedAsFailed = new Set<string>();

  override notifyFailedServer(...report: Parameters<RpcProxy["notifyFailedServer"]>): boolean {
    this.reportedAsFailed.add(report[0].key);
    return super.notifyFailedServer(...report);
  }
}

/** Lets something happen while `pinged` has yet to answer. */
async function perform(
  proxy: RpcProxy,
  happening: string,
  pinged: ServerEndpoint | undefined,
): Promise<void> {
  await MEANWHILE[happening]?.(proxy, pinged);
}

async function start(seed: number, pinger: FakePinger): Promise<WatchedProxy> {
  const proxy = new WatchedProxy(fakePorts({ pinger, random: seededRandom(seed) }), CONFIG);
  await proxy.refreshServerLists(heartbeatOf(addrs(4)), 9, addr(1));
  await proxy.setBackupServers([addr(31), addr(33)]);
  return proxy;
}

async function check({ seed, failures, during }: Plan): Promise<void> {
  const pinger = new FakePinger();
  const proxy = await start(seed, pinger);
  const came = new Set<string>();
  const left = new Set<string>();
  proxy.subscribe(({ difference }) => {
    for (const key of difference.added) {
      came.add(key);
    }
    for (const key of difference.removed) {
      left.add(key);
    }
  });
  const unanswered = new Set<string>();
  const progress = { isDone: false };
  const rebalance = proxy.rebalanceServers().finally(() => {
    progress.isDone = true;
  });
  let expected = proxy.snapshot();
  for (let point = 0; !progress.isDone && pinger.pings.length > point; point++) {
    const pinged = pinger.pinged;
    await perform(proxy, during[point] ?? "nothing", pinged);
    expected = proxy.snapshot();
    if (point < failures) {
      unanswered.add(pinged?.key ?? "");
      pinger.fail();
    } else {
      pinger.answer();
    }
    await settled();
  }
  const isChanged = await rebalance;
  const after = proxy.snapshot();

  const pings = pinger.pings.map((ping) => ping.server.key);
  assert.equal(new Set(pings).size, pings.length, "a server pinged twice");
  assert.equal(after.members, expected.members, "a server or a claim lost or gained");
  assert.deepEqual(after.order.toArray().toSorted(), expected.order.toArray().toSorted());
  assert.deepEqual([after.numNodes, after.leaderAddr], [expected.numNodes, expected.leaderAddr]);
  assert.equal(isChanged, after !== expected);
  if (isChanged) {
    const head = after.head?.key ?? "";
    assert.equal(head, pings.at(-1), "the head is the server that answered last");
    assert.ok(!unanswered.has(head) && !proxy.reportedAsFailed.has(head), "a failed server became head");
    // Who came meanwhile stands behind those that were there all the time, in the order of coming.
    const newcomers = (order: string[]) => order.filter((key) => came.has(key) && !left.has(key));
    const order = after.order.toArray().filter((key) => !left.has(key));
    assert.deepEqual(
      order.slice(order.length - newcomers(order).length),
      newcomers(expected.order.toArray()),
    );
  }
}

test("each happening at each point where a rebalance waits, systematically", async () => {
  let plans = 0;
  for (let failures = 0; failures <= 6; failures++) {
    for (let point = 0; point <= Math.min(failures, 5); point++) {
      for (const happening of HAPPENINGS) {
        for (const seed of [1, 2, 3]) {
          const during = [...Array<string>(point).fill("nothing"), happening];
          await check({ seed, failures, during });
          plans++;
        }
      }
    }
  }
  assert.ok(plans >= 800, `${plans}`);
});

test("every pair of happenings at the first three points where a rebalance waits", async () => {
  for (const first of HAPPENINGS) {
    for (const second of HAPPENINGS) {
      for (const during of [
        [first, second],
        [first, "nothing", second],
        ["nothing", first, second],
      ]) {
        await check({ seed: first.length + second.length, failures: 3, during });
      }
    }
  }
});

test("any happenings at all points", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.integer(),
        failures: fc.integer({ min: 0, max: 6 }),
        during: fc.array(fc.constantFrom(...HAPPENINGS), { maxLength: 7 }),
      }),
      check,
    ),
    { numRuns: 2_000 },
  );
});

test("a server that was removed while others were pinged, and came back, is not taken as head unpinged", async () => {
  for (let seed = 0; seed < 50; seed++) {
    const pinger = new FakePinger();
    const proxy = await start(seed, pinger);
    const rebalance = proxy.rebalanceServers();
    const first = pinger.pinged?.key;
    const others = proxy.snapshot().servers.filter((server) => server.key !== first);
    for (const server of others.slice(1)) {
      proxy.removeServer(server);
    }
    pinger.fail();
    await settled();
    for (const server of others.slice(1)) {
      await proxy.addPrimaryServer(server.key);
    }
    const answered = pinger.pinged?.key;
    pinger.answer();
    await rebalance;
    assert.equal(proxy.findServer()?.key, answered);
  }
});

test("a name that is resolved during a rebalance keeps its new addresses", async () => {
  const pinger = new FakePinger();
  const ports = fakePorts({ pinger });
  ports.resolver.names.set("web", { addresses: ["10.0.0.1"], ttlSeconds: 1 });
  const proxy = new RpcProxy(ports, CONFIG);
  const web = await proxy.addPrimaryServer("web");
  await proxy.addPrimaryServer(addr(9));
  await ports.clock.advance(5_000);
  const rebalance = proxy.rebalanceServers();
  ports.resolver.names.set("web", { addresses: ["10.0.0.2"], ttlSeconds: 1 });
  proxy.notifyFailedServer(web);
  await settled();
  for (let ping = 0; ping < 2; ping++) {
    pinger.answer();
    await settled();
  }
  await rebalance;
  assert.deepEqual(proxy.snapshot().members.get(web.key)?.endpoint.addresses, ["10.0.0.2"]);
  assert.equal(proxy.findServer()?.key, addr(9));
});
