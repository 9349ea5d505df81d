import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { AgentProcess } from "./agent-process.ts";
import { type AskerCounts, DnsAsker } from "./dns-asker.ts";
import { endProcess } from "./end-process.ts";
import { startServers } from "./server-process.ts";
import { untilSeen } from "./until.ts";

export interface SoakResult {
  readonly durationMs: number;
  readonly burners: number;
  readonly counts: AskerCounts;
  /** Questions without an answer a second after the last one. */
  readonly lost: number;
  /** Answers that did not name exactly one server. */
  readonly wrong: number;
  /** The agent's own words, and changes seen in the answers. */
  readonly headChanges: readonly string[];
}

const HEAD = "_nomad._tcp";
const LAST_ANSWERS_MS = 1_000;

/** Busy for this long at normal priority, then gone, whatever becomes of its parent. */
function startBurner(durationMs: number): ChildProcess {
  const program = `const end = Date.now() + ${durationMs}; while (Date.now() < end);`;
  return spawn(process.execPath, ["--eval", program], { stdio: "ignore" });
}

/**
 * Watches healthy servers for this long on a machine with one busy process per core, asking for the head all the while.
 */
export async function runSoak(options: { durationMs: number; perSecond: number }): Promise<SoakResult> {
  const { durationMs, perSecond } = options;
  await using cluster = await startServers(3);
  const burners: ChildProcess[] = [];
  const pools = { nomad: { servers: cluster.addresses, backups: null } };
  try {
    await using agent = await AgentProcess.start({ pools });
    await untilSeen(
      "three servers are listed",
      10_000,
      () => agent.srv(`${HEAD}.all`),
      (all) => all.length === 3,
    );
    const before = agent.log.length;
    let [port] = (await agent.srv(HEAD)).map((address) => Number(address.split(":")[1]));
    let wrong = 0;
    const seen: string[] = [];
    for (let count = 0; count < availableParallelism(); count++) {
      burners.push(startBurner(durationMs));
    }
    const name = `${HEAD}.headwaiter.internal`;
    const asker = await DnsAsker.start({ address: agent.dnsAddress, name, perSecond }, ({ ports }) => {
      wrong += ports.length === 1 ? 0 : 1;
      if (ports.length === 1 && ports[0] !== port) {
        seen.push(`an answer names port ${String(ports[0])} after ${String(port)}`);
        [port] = ports;
      }
    });
    await sleep(durationMs);
    asker.stop();
    await sleep(LAST_ANSWERS_MS);
    asker.close();
    const { counts } = asker;
    const told = agent.log
      .slice(before)
      .filter(({ msg }) => msg === "new head" || /fail|no server/.test(msg));
    return {
      durationMs,
      burners: burners.length,
      counts,
      lost: counts.sent - counts.answered,
      wrong,
      headChanges: [...seen, ...told.map((line) => JSON.stringify(line))],
    };
  } finally {
    await Promise.all(burners.map((burner) => endProcess(burner, "SIGKILL")));
  }
}

export function formatSoak({ durationMs, burners, counts, lost, wrong, headChanges }: SoakResult): string {
  const { sent, answered, maxLatencyMs } = counts;
  return [
    `${durationMs / 60_000} min with ${burners} busy processes on ${availableParallelism()} cores`,
    `questions ${sent} (${Math.round(sent / (durationMs / 1000))} a second), answered ${answered}, lost ${lost}, wrong ${wrong}`,
    `slowest answer ${Math.round(maxLatencyMs)} ms`,
    `head changes ${headChanges.length}`,
    ...headChanges,
  ].join("\n");
}
