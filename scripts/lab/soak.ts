import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { AgentProcess } from "./agent-process.ts";
import { type AskerCounts, DnsAsker } from "./dns-asker.ts";
import { endProcess } from "./end-process.ts";
import { openFiles, privateMb, residentMb } from "./process-figures.ts";
import { startServers } from "./server-process.ts";
import { untilSeen } from "./until.ts";

export interface SoakOptions {
  readonly durationMs: number;
  readonly perSecond: number;
  /** Busy processes beside it; as many as there are cores by default. */
  readonly burners?: number | undefined;
  /**
   * Questions that wait for their answers at most, after which the rate waits, too: with it a question is lost by the
   * agent alone. No limit by default.
   */
  readonly maxOpen?: number | undefined;
  /** Every so often `seen` is told how the agent is. */
  readonly everyMs?: number | undefined;
  readonly seen?: ((figures: SoakFigures) => void) | undefined;
}

/** What is seen of the agent meanwhile. */
export interface SoakFigures {
  readonly sinceMs: number;
  readonly counts: AskerCounts;
  readonly residentMb: number;
  readonly privateMb: number;
  readonly openFiles: number;
}

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
const MOST_LATE = 1.5;

/** Busy for this long at normal priority, then gone, whatever becomes of its parent. */
function startBurner(durationMs: number): ChildProcess {
  const program = `const end = Date.now() + ${durationMs}; while (Date.now() < end);`;
  return spawn(process.execPath, ["--eval", program], { stdio: "ignore" });
}

/**
 * Watches healthy servers for this long beside busy processes, asking for the head all the while: as many questions as
 * the rate and the time come to. Ends by itself, half as late again where the machine is too slow for the rate.
 */
export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const { burners: wanted = availableParallelism(), durationMs, everyMs, maxOpen, perSecond, seen } = options;
  const total = Math.round((durationMs * perSecond) / 1000);
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
    const changes: string[] = [];
    for (let count = 0; count < wanted; count++) {
      burners.push(startBurner(durationMs));
    }
    const name = `${HEAD}.headwaiter.internal`;
    const asked = { address: agent.dnsAddress, name, perSecond, total, maxOpen };
    const asker = await DnsAsker.start(asked, ({ ports }) => {
      wrong += ports.length === 1 ? 0 : 1;
      if (ports.length === 1 && ports[0] !== port) {
        changes.push(`an answer names port ${String(ports[0])} after ${String(port)}`);
        [port] = ports;
      }
    });
    const startedAt = performance.now();
    const sinceMs = () => performance.now() - startedAt;
    while (asker.counts.sent < total && sinceMs() < durationMs * MOST_LATE) {
      await sleep(Math.max(LAST_ANSWERS_MS, Math.min(everyMs ?? durationMs, durationMs - sinceMs())));
      const { pid } = agent;
      seen?.({
        sinceMs: sinceMs(),
        counts: asker.counts,
        residentMb: residentMb(pid),
        privateMb: privateMb(pid),
        openFiles: openFiles(pid),
      });
    }
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
      headChanges: [...changes, ...told.map((line) => JSON.stringify(line))],
    };
  } finally {
    await Promise.all(burners.map((burner) => endProcess(burner, "SIGKILL")));
  }
}

export function formatFigures({ counts, openFiles, privateMb, residentMb, sinceMs }: SoakFigures): string {
  const { answered, maxLatencyMs, sent } = counts;
  return [
    `${Math.round(sinceMs / 1000)} s: questions ${sent}, open ${sent - answered}`,
    `slowest answer ${Math.round(maxLatencyMs)} ms`,
    `resident ${residentMb.toFixed(1)} MB, private ${privateMb.toFixed(1)} MB, files ${openFiles}`,
  ].join("; ");
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
