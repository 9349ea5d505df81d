/**
 * How the costs grow with the list: bounds with room for a busy machine, which a quadratic cost breaks all the same.
 * Processor time counts, so that waiting for a turn does not; summed over rounds, as some machines count it in ticks.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RpcProxy } from "../../src/core/rpc-proxy.ts";
import { CONFIG, fakePorts } from "../support/fake-ports.ts";
import { addr, addrs, heartbeatOf, proxyWith } from "./proxy-fixtures.ts";

const FEW = 1_000;
const MANY = 8_000;
const ROUNDS = 10;

type Prepare = (count: number) => Promise<() => unknown>;

/** Microseconds of processor time for one round; what `prepare` does is not counted. */
async function costOf(prepare: Prepare, count: number, rounds: number): Promise<number> {
  let sum = 0;
  for (let round = 0; round < rounds; round++) {
    const work = await prepare(count);
    const before = process.threadCpuUsage();
    await work();
    const { user, system } = process.threadCpuUsage(before);
    sum += user + system;
  }
  return sum / rounds;
}

/** How many times more the work costs with `MANY` servers than with `FEW`; of few, more rounds, as they are short. */
async function growthOf(prepare: Prepare): Promise<number> {
  await costOf(prepare, FEW, ROUNDS); // The compiler's warm-up.
  const few = await costOf(prepare, FEW, 5 * ROUNDS);
  return (await costOf(prepare, MANY, ROUNDS)) / few;
}

test("adding n primaries is near-linear in n", async () => {
  const growth = await growthOf(async (count) => {
    const proxy = await proxyWith(0);
    const addresses = addrs(count);
    return async () => {
      for (const address of addresses) {
        await proxy.addPrimaryServer(address);
      }
    };
  });
  // 8 times the servers: 8 when linear, 64 when quadratic.
  assert.ok(growth < 25, `${growth}`);
});

test("a heartbeat that changes half of n is near-linear in n", async () => {
  const growth = await growthOf(async (count) => {
    const proxy = new RpcProxy(fakePorts(), CONFIG);
    await proxy.refreshServerLists(heartbeatOf(addrs(count)), count, "");
    const half = addrs(count).map((address, n) => (n % 2 === 0 ? address : addr(MANY + n)));
    return () => proxy.refreshServerLists(heartbeatOf(half), count, "");
  });
  assert.ok(growth < 25, `${growth}`);
});

test("a failure of the head, and findServer, cost the same at any n", async () => {
  const filled = async (count: number) => {
    const proxy = new RpcProxy(fakePorts(), CONFIG);
    await proxy.refreshServerLists(heartbeatOf(addrs(count)), count, "");
    return proxy;
  };
  const rotating = await growthOf(async (count) => {
    const proxy = await filled(count);
    return () => {
      for (let turn = 0; turn < 5_000; turn++) {
        const head = proxy.findServer();
        assert.ok(head !== undefined && proxy.notifyFailedServer(head));
      }
    };
  });
  // 8 when linear; a persistent list's depth adds a little.
  assert.ok(rotating < 5, `${rotating}`);
  const finding = await growthOf(async (count) => {
    const proxy = await filled(count);
    return () => {
      let ports = 0;
      for (let turn = 0; turn < 4_000_000; turn++) {
        ports += proxy.findServer()?.port ?? 0;
      }
      assert.equal(ports, 4_000_000 * 4_647);
    };
  });
  assert.ok(finding < 4, `${finding}`);
});
