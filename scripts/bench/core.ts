/**
 * What the core's operations cost at 3 to 10,000 servers, beside the v0.4.0 package in Go (measured on another machine:
 * compare orders of magnitude). Medians of rounds that take turns, so that a busy second hits all alike. Ends with 1
 * when a required figure is missed.
 */
import { availableParallelism, loadavg } from "node:os";
import type { NodeServerInfo } from "../../src/core/api-version-filter.ts";
import { RpcProxy } from "../../src/core/rpc-proxy.ts";
import { silentLogger, systemClock, systemRandom, systemResolver } from "../../src/system-ports.ts";
import { median } from "../lab/median.ts";

const SIZES = [3, 100, 1_000, 10_000];

interface Measurement {
  readonly operation: string;
  /** Nanoseconds that v0.4.0 took, by number of servers. */
  readonly original: Readonly<Record<number, number>>;
  /** Nanoseconds that are required at 10,000 servers. */
  readonly limit: number;
  /** Nanoseconds of one operation on `count` servers. */
  readonly measure: (count: number) => Promise<number>;
}

function proxyOf(): RpcProxy {
  const pinger = { ping: () => Promise.resolve() };
  const ports = {
    pinger,
    resolver: systemResolver,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  };
  return new RpcProxy(ports, {
    region: "global",
    datacenter: "dc1",
    rpcMajorVersion: 1,
    rpcMinorVersion: 1,
  });
}

function addresses(count: number, net = 10): string[] {
  return Array.from({ length: count }, (_, n) => `${net}.${n >> 16}.${(n >> 8) & 255}.${n & 255}:4647`);
}

function infosOf(list: readonly string[]): NodeServerInfo[] {
  return list.map((rpcAdvertiseAddr) => ({
    rpcAdvertiseAddr,
    rpcMajorVersion: 1,
    rpcMinorVersion: 0,
    datacenter: "dc1",
  }));
}

async function filled(count: number): Promise<RpcProxy> {
  const proxy = proxyOf();
  await proxy.refreshServerLists(infosOf(addresses(count)), count, addresses(1)[0] ?? "");
  return proxy;
}

let sink = 0;

const MEASUREMENTS: readonly Measurement[] = [
  {
    operation: "findServer",
    original: { 3: 5, 100: 5, 1000: 5, 10000: 5 },
    limit: 20,
    measure: async (count) => {
      const proxy = await filled(count);
      const start = performance.now();
      for (let turn = 0; turn < 1_000_000; turn++) {
        sink += proxy.findServer()?.port ?? 0;
      }
      return (performance.now() - start) * (1e6 / 1_000_000);
    },
  },
  {
    operation: "notifyFailedServer of the head",
    original: { 3: 118, 100: 881, 1000: 9_300, 10000: 115_000 },
    limit: 115_000 / 20,
    measure: async (count) => {
      const proxy = await filled(count);
      const start = performance.now();
      for (let turn = 0; turn < 5_000; turn++) {
        const head = proxy.findServer();
        sink += head !== undefined && proxy.notifyFailedServer(head) ? 1 : 0;
      }
      return (performance.now() - start) * (1e6 / 5_000);
    },
  },
  {
    operation: "adding n primaries, one by one",
    original: { 100: 125_000, 1000: 6_000_000, 10000: 412_000_000 },
    limit: 412_000_000 / 10,
    measure: async (count) => {
      const proxy = proxyOf();
      const list = addresses(count);
      const start = performance.now();
      for (const address of list) {
        await proxy.addPrimaryServer(address);
      }
      return (performance.now() - start) * 1e6;
    },
  },
  {
    operation: "a heartbeat that changes half of n",
    original: { 100: 65_000, 1000: 1_600_000, 10000: 197_000_000 },
    limit: 197_000_000 / 10,
    measure: async (count) => {
      const proxy = await filled(count);
      const list = addresses(count);
      const others = addresses(count, 11);
      const half = infosOf(list.map((address, n) => (n % 2 === 0 ? address : (others[n] ?? address))));
      const start = performance.now();
      await proxy.refreshServerLists(half, count, list[0] ?? "");
      return (performance.now() - start) * 1e6;
    },
  },
];

function durationText(ns: number | undefined): string {
  if (ns === undefined) {
    return "–";
  }
  const [value, unit] = ns < 1e3 ? [ns, "ns"] : ns < 1e6 ? [ns / 1e3, "µs"] : [ns / 1e6, "ms"];
  return `${value.toPrecision(3)} ${unit}`;
}

const ROUNDS = 25;
const found = new Map<string, number[]>();
for (let round = 0; round < ROUNDS; round++) {
  for (const { operation, measure } of MEASUREMENTS) {
    for (const count of SIZES) {
      const key = `${operation}/${count}`;
      found.set(key, [...(found.get(key) ?? []), await measure(count)]);
    }
  }
}

const row = (...cells: string[]) => {
  const [operation = "", ...numbers] = cells;
  console.log(operation.padEnd(36) + numbers.map((cell) => cell.padStart(11)).join(""));
};
const load = loadavg()[0] ?? 0;
const busy =
  load > availableParallelism() ? ": more than there are processors, so medians are of waiting, too" : "";
console.log(`core, node ${process.version}, medians of ${ROUNDS} rounds; v0.4.0 in Go on another machine`);
console.log(`load average of the machine ${load.toFixed(1)}${busy}\n`);
let missed = 0;
row("operation", "servers", "median", "best", "v0.4.0", "ratio", "required");
for (const { operation, original, limit } of MEASUREMENTS) {
  for (const count of SIZES) {
    const values = found.get(`${operation}/${count}`) ?? [];
    const before = original[count];
    const ratio = before === undefined ? "–" : `${(before / median(values)).toPrecision(2)} ×`;
    const isRequired = count === 10_000;
    const isMet = median(values) <= limit;
    missed += isRequired && !isMet ? 1 : 0;
    row(
      operation,
      String(count),
      durationText(median(values)),
      durationText(Math.min(...values)),
      durationText(before),
      ratio,
      isRequired ? `≤ ${durationText(limit)} ${isMet ? "✓" : "✗"}` : "",
    );
  }
}
process.exitCode = sink > 0 && missed === 0 ? 0 : 1;
