/**
 * DNS servers with the same data, asked by dnsperf in turn: `dns.ts [--rounds N] [--seconds N] [--save FOLDER]`.
 * Medians over the rounds. Prints a table and the promised ratios, and fails when one is not held; `--save` also
 * writes the table and a chart. Run by `npm run bench:dns`, on a loopback interface of its own.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { askAnyUdp } from "../../test/views/dns/dns-client.ts";
import { query } from "../../test/views/dns/zone-text.ts";
import { median } from "../lab/median.ts";
import { PeerProcess } from "../lab/peer-process.ts";
import { type Contender, type ContenderName, contenders, stalledAgent } from "./dns-contenders.ts";
import { type Load, type Measurement, measure } from "./dns-load.ts";
import { chart, type Row, table } from "./dns-report.ts";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    save: { type: "string" },
  },
});
const few = { seconds: Number(options.seconds), clients: 8, threads: 1, outstanding: 100 };
/**
 * A server's throughput is the better of two loads: one socket does best with few clients, two need many to share them
 * evenly.
 */
const LOADS = {
  few,
  many: { ...few, clients: 16, threads: 2, outstanding: 200 },
  at5000: { ...few, pace: 5000 },
  at20000: { ...few, pace: 20_000 },
  at50000: { ...few, pace: 50_000 },
} satisfies Record<string, Load>;
type LoadName = keyof typeof LOADS;

interface Running {
  readonly contender: Contender;
  readonly process: PeerProcess;
  readonly measurements: Record<LoadName, Measurement[]>;
}

async function started(contender: Contender): Promise<Running> {
  const [owner = "", type = ""] = contender.question.split(" ");
  const question = query(`${owner}. IN ${type}`);
  const process = new PeerProcess(contender.command, contender.args);
  // Ready when it has the record: NOERROR and an answer.
  await process.ready(async () => {
    const reply = await askAnyUdp({ host: "127.0.0.1", port: contender.port }, question, 200);
    return reply !== undefined && ((reply[3] ?? 0) & 0x0f) === 0 && reply.readUInt16BE(6) > 0;
  });
  return { contender, process, measurements: { few: [], many: [], at5000: [], at20000: [], at50000: [] } };
}

/** One after the other, each round beginning with the next one: a noisy minute hits all alike. */
async function measureAll(
  folder: string,
  all: readonly Running[],
  loads: readonly LoadName[],
): Promise<void> {
  const rounds = Number(options.rounds);
  for (let round = 0; round < rounds; round++) {
    for (const name of loads) {
      for (let turn = 0; turn < all.length; turn++) {
        const running = all[(turn + round) % all.length];
        if (running === undefined) {
          continue;
        }
        const { contender, measurements } = running;
        const { port, question } = contender;
        measurements[name].push(await measure(folder, port, running.process.pid, question, LOADS[name]));
      }
    }
    console.error(`round ${round + 1} of ${rounds}, load average ${loadavg()[0]?.toFixed(1) ?? "?"}`);
  }
}

function row({ contender, measurements }: Running): Row {
  const of = (name: LoadName, field: keyof Measurement): number =>
    median(measurements[name].map((measurement) => measurement[field]));
  const latency = (name: "at5000" | "at20000") => ({
    p50Ms: of(name, "p50Ms"),
    p99Ms: of(name, "p99Ms"),
    lost: measurements[name].reduce((sum, { lost }) => sum + lost, 0),
    isReached: of(name, "queriesPerSecond") > 0.95 * LOADS[name].pace,
  });
  const best = of("many", "queriesPerSecond") > of("few", "queriesPerSecond") ? "many" : "few";
  return {
    name: contender.name,
    queriesPerSecond: of(best, "queriesPerSecond"),
    cpuMicrosPerQuery: of(best, "cpuMicrosPerQuery"),
    at5000: latency("at5000"),
    at20000: latency("at20000"),
    lostAt50000: measurements.at50000.reduce((sum, { lost }) => sum + lost, 0),
  };
}

interface Promised {
  readonly what: string;
  readonly value: number;
  readonly isHeld: boolean;
}

function promises(rows: readonly Row[]): readonly Promised[] {
  const of = (name: ContenderName): Row => {
    const found = rows.find((candidate) => candidate.name === name);
    if (found === undefined) {
      throw new Error(`no figures of ${name}`);
    }
    return found;
  };
  const one = of("headwaiter, one socket");
  const single = of("headwaiter, one message a call");
  const consul = of("Consul, server");
  const nsd = of("NSD");
  const atLeast = (what: string, value: number, bound: number): Promised => ({
    what: `${what}, at least ${bound}`,
    value,
    isHeld: value >= bound,
  });
  const atMost = (what: string, value: number, bound: number): Promised => ({
    what: `${what}, at most ${bound}`,
    value,
    isHeld: value <= bound,
  });
  return [
    atLeast("queries/s of one socket over Consul's", one.queriesPerSecond / consul.queriesPerSecond, 6),
    atLeast("CPU per query of Consul over one socket's", consul.cpuMicrosPerQuery / one.cpuMicrosPerQuery, 9),
    atLeast("queries/s of one socket over NSD's", one.queriesPerSecond / nsd.queriesPerSecond, 1),
    atMost("CPU per query of one socket over NSD's", one.cpuMicrosPerQuery / nsd.cpuMicrosPerQuery, 1.1),
    atLeast(
      "queries/s of one message a call over Consul's",
      single.queriesPerSecond / consul.queriesPerSecond,
      3.5,
    ),
    atLeast(
      "queries/s of two sockets over dnsmasq's",
      of("headwaiter, two sockets").queriesPerSecond / of("dnsmasq").queriesPerSecond,
      0.9,
    ),
    atMost("queries lost at 20,000/s", one.at20000.lost, 0),
    atMost("queries lost at 50,000/s", one.lostAt50000, 0),
    atMost("p99 at 5,000/s over that of one message a call", one.at5000.p99Ms / single.at5000.p99Ms, 1),
    atMost("p99 at 20,000/s over that of one message a call", one.at20000.p99Ms / single.at20000.p99Ms, 1),
    atMost(
      "p99 in ms at 5,000/s with the main thread stalled 40 ms of every 400",
      of("headwaiter, main thread stalled").at5000.p99Ms,
      3,
    ),
  ];
}

async function rowsOf(
  folder: string,
  compared: readonly Contender[],
  loads: readonly LoadName[],
): Promise<readonly Row[]> {
  const all: Running[] = [];
  try {
    for (const contender of compared) {
      all.push(await started(contender));
    }
    await measureAll(folder, all, loads);
  } finally {
    await Promise.all(all.map(({ process }) => process.stop()));
  }
  return all.map(row);
}

const folder = await mkdtemp(join(tmpdir(), "bench-dns-"));
const rows: Row[] = [];
try {
  rows.push(...(await rowsOf(folder, contenders(folder), ["few", "many", "at5000", "at20000", "at50000"])));
  rows.push(...(await rowsOf(folder, [stalledAgent], ["at5000"])));
} finally {
  await rm(folder, { recursive: true, force: true });
}
const results = promises(rows);
const report = [
  table(rows),
  "",
  ...results.map(
    ({ what, value, isHeld }) => `- ${isHeld ? "held" : "NOT HELD"}: ${what}: ${value.toFixed(2)}`,
  ),
].join("\n");
console.log(report);
if (options.save !== undefined) {
  await writeFile(join(options.save, "dns-benchmark.md"), `${report}\n`);
  await writeFile(join(options.save, "dns-benchmark.svg"), chart(rows));
}
process.exitCode = results.every(({ isHeld }) => isHeld) ? 0 : 1;
