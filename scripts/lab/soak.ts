import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { AgentProcess, type LogLine } from "./agent-process.ts";
import { type Stops, stopNowAndThen } from "./disturbances.ts";
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
  /** Whether servers pause for 50 to 150 ms now and then, as garbage collectors make them. */
  readonly pauses?: boolean;
  /** For how many milliseconds the agent itself is stopped now and then, from and to; it is not unless told. */
  readonly stopsMs?: readonly [number, number] | undefined;
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
  /** The agent's own words, and changes seen in the answers; but for those of rebalances. */
  readonly headChanges: readonly string[];
  /** Healthy servers choose anew every ten minutes and more. */
  readonly rebalances: number;
  readonly pauses: Stops;
  readonly stops: Stops;
}

const NO_STOPS: Stops = { count: 0, longestMs: 0 };
const PAUSE_MS = [50, 150] as const;
const PAUSE_EVERY_MS = [100, 1_500] as const;
/** Between two stops of the agent: as long as a stop takes, half a second at least. */
const LEAST_BETWEEN_STOPS_MS = 500;

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
  const { pauses = false, stopsMs } = options;
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
    const disturbed = Promise.all([
      pauses
        ? stopNowAndThen({ processes: cluster.servers, forMs: PAUSE_MS, everyMs: PAUSE_EVERY_MS, durationMs })
        : NO_STOPS,
      stopsMs === undefined ? NO_STOPS : stopAgent(agent, stopsMs, durationMs),
    ]);
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
    const [pausesSeen, stopsSeen] = await disturbed;
    asker.stop();
    await sleep(LAST_ANSWERS_MS);
    asker.close();
    const { counts } = asker;
    const lines = agent.log.slice(before);
    const isRebalance = ({ msg, ...line }: LogLine) =>
      msg === "new head" && line["occurrence"] === "rebalanced";
    const rebalances = lines.filter(isRebalance).length;
    const told = lines.filter(
      (line) => !isRebalance(line) && (line.msg === "new head" || /fail|no server/.test(line.msg)),
    );
    return {
      durationMs,
      burners: burners.length,
      counts,
      lost: counts.sent - counts.answered,
      wrong,
      headChanges: [...changes.slice(rebalances), ...told.map((line) => JSON.stringify(line))],
      rebalances,
      pauses: pausesSeen,
      stops: stopsSeen,
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

/** Stopped for at most as long as told, and for no longer than a third of what is left. */
async function stopAgent(
  agent: AgentProcess,
  [from, to]: readonly [number, number],
  durationMs: number,
): Promise<Stops> {
  const process = {
    pause: () => {
      agent.signal("SIGSTOP");
    },
    resume: () => {
      agent.signal("SIGCONT");
    },
  };
  const longestMs = Math.max(from, Math.min(to, durationMs / 3));
  return await stopNowAndThen({
    processes: [process],
    forMs: [from, longestMs],
    everyMs: [LEAST_BETWEEN_STOPS_MS, Math.max(LEAST_BETWEEN_STOPS_MS, longestMs)],
    durationMs,
  });
}

export function formatSoak(result: SoakResult): string {
  const { durationMs, burners, counts, lost, wrong, headChanges, pauses, rebalances, stops } = result;
  const { sent, answered, maxLatencyMs } = counts;
  return [
    `${durationMs / 60_000} min with ${burners} busy processes on ${availableParallelism()} cores`,
    `questions ${sent} (${Math.round(sent / (durationMs / 1000))} a second), answered ${answered}, lost ${lost}, wrong ${wrong}`,
    `slowest answer ${Math.round(maxLatencyMs)} ms`,
    `pauses of servers ${stopsInWords(pauses)}; stops of the agent ${stopsInWords(stops)}`,
    `head changes ${headChanges.length}, besides ${rebalances} by rebalances`,
    ...headChanges,
  ].join("\n");
}

function stopsInWords({ count, longestMs }: Stops): string {
  return count === 0 ? "none" : `${count}, the longest ${Math.round(longestMs)} ms`;
}
