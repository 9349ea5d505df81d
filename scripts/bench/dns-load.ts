/** dnsperf against one server, and the server's CPU time from /proc. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Measurement {
  readonly queriesPerSecond: number;
  readonly lost: number;
  readonly cpuMicrosPerQuery: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Load {
  readonly seconds: number;
  /** Each with a port of its own: what spreads queries over sockets that share one. */
  readonly clients: number;
  readonly threads: number;
  /** Queries on their way at most: enough that the server always has work, and no receive buffer overflows. */
  readonly outstanding: number;
  /** Queries per second; undefined: as many as it answers. */
  readonly pace?: number;
}

export async function measure(
  folder: string,
  port: number,
  pid: number,
  question: string,
  load: Load,
): Promise<Measurement> {
  const pids = processTree(pid);
  const cpuBefore = cpuSeconds(pids);
  const output = await dnsperf(folder, port, question, load);
  const cpu = cpuSeconds(pids) - cpuBefore;
  const number = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? Number.NaN);
  const completed = number(/Queries completed:\s+(\d+)/);
  const latencies = load.pace === undefined ? [] : latenciesMs(output);
  return {
    queriesPerSecond: number(/Queries per second:\s+([\d.]+)/),
    lost: number(/Queries lost:\s+(\d+)/),
    cpuMicrosPerQuery: (cpu * 1e6) / completed,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
  };
}

async function dnsperf(folder: string, port: number, question: string, load: Load): Promise<string> {
  const questions = join(folder, "question");
  execFileSync("sh", ["-c", 'printf "%s\\n" "$1" > "$2"', "sh", question, questions]);
  const output = join(folder, "dnsperf.out");
  const file = openSync(output, "w");
  const paced = load.pace === undefined ? [] : ["-v", "-Q", String(load.pace)];
  const child = spawn(
    "dnsperf",
    [
      ...["-s", "127.0.0.1", "-p", String(port), "-d", questions, "-l", String(load.seconds)],
      ...["-T", String(load.threads), "-c", String(load.clients), "-q", String(load.outstanding), ...paced],
    ],
    { stdio: ["ignore", file, file] },
  );
  const [code] = (await once(child, "exit")) as [number | null];
  closeSync(file);
  const text = readFileSync(output, "utf8");
  if (code !== 0) {
    throw new Error(`dnsperf failed:\n${text}`);
  }
  return text;
}

/** `> NOERROR name type 0.000123` each. */
function latenciesMs(output: string): readonly number[] {
  return Array.from(output.matchAll(/^> .* ([\d.]+)$/gm), ([, seconds]) => Number(seconds) * 1000).sort(
    (a, b) => a - b,
  );
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** A process and its descendants: NSD answers in a child. */
function processTree(root: number): readonly number[] {
  const parents = new Map(
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((name) => [Number(name), Number(statFields(Number(name))[1])]),
  );
  const isOurs = (pid: number): boolean => pid === root || (pid > 1 && isOurs(parents.get(pid) ?? 0));
  return [...parents.keys()].filter(isOurs);
}

/** User and system time of all threads. Ticks are 10 ms: over 40,000 queries a hundredth of a microsecond each. */
function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = statFields(pid);
    return sum + (Number(fields[11]) + Number(fields[12])) / 100;
  }, 0);
}

/** The fields of /proc/PID/stat behind the command's name: state, parent … */
function statFields(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
  } catch {
    return [];
  }
}
