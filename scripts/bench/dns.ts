/**
 * DNS servers with the same SRV record, asked by dnsperf in turn: `dns.ts [--rounds N] [--seconds N] [--save FOLDER]`.
 * Medians over the rounds. Prints a table and the promised ratios, and fails when one is not held; `--save` also
 * writes the table and a chart.
 */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { freePort, PeerProcess } from "../../integration/support/peer-process.ts";
import { askAnyUdp } from "../../test/dns/server/dns-client.ts";
import { query } from "../../test/dns/server/zone-text.ts";
import { CONTENDER_COUNT, type Contender, contenders } from "./dns-contenders.ts";
import { type Load, type Measurement, measure } from "./dns-load.ts";
import { chart, type Row, table } from "./dns-report.ts";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    save: { type: "string" },
  },
});
const seconds = Number(options.seconds);
const LOADS = {
  most: { seconds },
  at5000: { seconds, pace: 5000 },
  at20000: { seconds, pace: 20_000 },
} satisfies Record<string, Load>;
type LoadName = keyof typeof LOADS;

interface Running {
  readonly contender: Contender;
  readonly port: number;
  readonly process: PeerProcess;
  readonly measurements: Record<LoadName, Measurement[]>;
}

async function started(contender: Contender, port: number): Promise<Running> {
  const [owner = "", type = ""] = contender.question.split(" ");
  const question = query(`${owner}. IN ${type}`);
  const process = new PeerProcess(contender.command, contender.args);
  // Ready when it has the record: NOERROR and an answer.
  await process.ready(async () => {
    const reply = await askAnyUdp({ host: "127.0.0.1", port }, question, 200);
    return reply !== undefined && ((reply[3] ?? 0) & 0x0f) === 0 && reply.readUInt16BE(6) > 0;
  });
  return { contender, port, process, measurements: { most: [], at5000: [], at20000: [] } };
}

/** One after the other, each round beginning with the next one: a noisy minute hits all alike. */
async function measureAll(folder: string, all: readonly Running[], rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const name of ["most", "at5000", "at20000"] as const) {
      for (let turn = 0; turn < all.length; turn++) {
        const running = all[(turn + round) % all.length];
        if (running === undefined || (running.contender.onlyPaced === true && name !== "at5000")) {
          continue;
        }
        const { port, contender, measurements } = running;
        measurements[name].push(
          await measure(folder, port, running.process.pid, contender.question, LOADS[name]),
        );
      }
    }
    console.error(`round ${round + 1} of ${rounds}, load average ${loadavg()[0]?.toFixed(1) ?? "?"}`);
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function row({ contender, measurements }: Running): Row {
  const of = (name: LoadName, field: keyof Measurement): number =>
    median(measurements[name].map((measurement) => measurement[field]));
  const latency = (name: LoadName) => ({
    p50Ms: of(name, "p50Ms"),
    p99Ms: of(name, "p99Ms"),
    lost: measurements[name].reduce((sum, { lost }) => sum + lost, 0),
  });
  return {
    name: contender.name,
    queriesPerSecond: of("most", "queriesPerSecond"),
    cpuMicrosPerQuery: of("most", "cpuMicrosPerQuery"),
    at5000: latency("at5000"),
    at20000: latency("at20000"),
  };
}

interface Promised {
  readonly what: string;
  readonly value: number;
  readonly isHeld: boolean;
}

function promises(rows: readonly Row[]): readonly Promised[] {
  const [one, two, stalled, consul, dnsmasq] = rows;
  if (!one || !two || !stalled || !consul || !dnsmasq) {
    throw new Error("a contender is missing");
  }
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
    atLeast("queries/s of one socket over Consul's", one.queriesPerSecond / consul.queriesPerSecond, 3.5),
    atLeast("CPU per query of Consul over one socket's", consul.cpuMicrosPerQuery / one.cpuMicrosPerQuery, 5),
    atLeast("queries/s of two sockets over dnsmasq's", two.queriesPerSecond / dnsmasq.queriesPerSecond, 0.9),
    atMost("queries lost at 20,000/s", one.at20000.lost, 0),
    atMost("p99 in ms at 5,000/s with the main thread stalled 40 ms of every 400", stalled.at5000.p99Ms, 3),
  ];
}

execFileSync(fileURLToPath(new URL("../dns-peers", import.meta.url)), ["bench"], { stdio: "inherit" });
const folder = await mkdtemp(join(tmpdir(), "bench-dns-"));
const all: Running[] = [];
try {
  const ports: number[] = [];
  while (ports.length < CONTENDER_COUNT) {
    ports.push(await freePort());
  }
  for (const [i, contender] of contenders(folder, ports).entries()) {
    all.push(await started(contender, ports[i] ?? 0));
  }
  await measureAll(folder, all, Number(options.rounds));
} finally {
  await Promise.all(all.map(({ process }) => process.stop()));
  await rm(folder, { recursive: true, force: true });
}
const rows = all.map(row);
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
