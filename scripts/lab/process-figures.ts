/** What the kernel says of a process and its threads. */
import { readdirSync, readFileSync } from "node:fs";

export interface ThreadTimes {
  /** It ran so long. */
  readonly cpuMs: number;
  /** It could run, and waited so long for a processor. */
  readonly waitedMs: number;
}

/** Since the thread began; `name` as in `/proc/PID/task/TID/comm`. */
export function threadTimes(pid: number, name: string): ThreadTimes {
  const tasks = `/proc/${pid}/task`;
  const thread = readdirSync(tasks).find((id) => readFileSync(`${tasks}/${id}/comm`, "utf8").trim() === name);
  if (thread === undefined) {
    throw new Error(`process ${pid} has no thread "${name}"`);
  }
  const [cpuNs = 0, waitedNs = 0] = readFileSync(`${tasks}/${thread}/schedstat`, "utf8")
    .split(" ")
    .map(Number);
  return { cpuMs: cpuNs / 1e6, waitedMs: waitedNs / 1e6 };
}

export function timesBetween(before: ThreadTimes, after: ThreadTimes): ThreadTimes {
  return { cpuMs: after.cpuMs - before.cpuMs, waitedMs: after.waitedMs - before.waitedMs };
}

/** Files, sockets and the like that it holds open. */
export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Memory of the process that is not swapped out. */
export function residentMb(pid: number): number {
  return statusMb(pid, "VmRSS");
}

/** The most that it ever was. */
export function peakResidentMb(pid: number): number {
  return statusMb(pid, "VmHWM");
}

function statusMb(pid: number, key: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) / 1024;
}

/** Memory that no other process shares: what it costs to run one more. */
export function privateMb(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const sizes = rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm);
  return [...sizes].reduce((sum, [, kilobytes]) => sum + Number(kilobytes) / 1024, 0);
}

/** Milliseconds that all its threads that live now have run. */
export function processCpuMs(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).reduce((sum, id) => {
    const [cpuNs = "0"] = readFileSync(`${tasks}/${id}/schedstat`, "utf8").split(" ");
    return sum + Number(cpuNs) / 1e6;
  }, 0);
}
