/** Metrics of the agent: wired to what they are of. */
import type { ConfigStatus } from "../core/config-view.ts";
import type { Journal } from "../core/journal.ts";
import type { Clock } from "../core/ports.ts";
import type { Timeline } from "../core/timeline/timeline.ts";
import type { DnsServer } from "../views/dns/dns-server.ts";
import type { ProcessNumbers } from "../views/metrics/agent-samples.ts";
import { Metrics } from "../views/metrics/metrics.ts";
import type { LoopDelay } from "./loop-delay.ts";
import type { MemoryStatus } from "./memory.ts";
import { openFiles } from "./open-files.ts";
import type { Pool } from "./pool.ts";
import type { PoolsOnDemand } from "./pools-on-demand.ts";
import { VERSION } from "./version.ts";

/** Whoever is asked at a scrape need not be there before. */
interface Measured {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly pools: () => ReadonlyMap<string, Pool>;
  readonly onDemand: () => Pick<PoolsOnDemand, "results" | "size">;
  readonly dns: () => Pick<DnsServer, "counters" | "threadRestarts">;
  readonly isReady: () => boolean;
  readonly config: () => ConfigStatus;
  readonly timeline: Pick<Timeline, "dropped">;
  readonly stateFile: () => MemoryStatus;
  readonly loopDelay: Pick<LoopDelay, "maxSeconds">;
}

/** The wall clock's time when the process began, as that clock was set then. */
const STARTED_AT_SECONDS = (Date.now() - performance.now()) / 1000;

/** They follow the journal from now on. */
export function agentMetrics(measured: Measured): Metrics {
  const { clock, config, dns, isReady, journal, loopDelay, onDemand, pools, stateFile, timeline } = measured;
  const metrics = new Metrics({
    clock,
    pools: () => [...pools().values()].map((pool) => pool.view()),
    snapshotOf: (pool) => pools().get(pool)?.snapshot(),
    numbers: () => ({
      versions: { version: VERSION, node: process.versions.node },
      isReady: isReady(),
      onDemand: onDemand(),
      config: config(),
      eventsDropped: timeline.dropped,
      stateFile: stateFile(),
      dns: dns().counters(),
      dnsThreadRestarts: dns().threadRestarts(),
      eventLoopDelayMaxSeconds: loopDelay.maxSeconds,
      process: processNumbers(),
    }),
  });
  journal.subscribe((entry) => {
    metrics.take(entry);
  });
  return metrics;
}

/** Now; it reads the directory of open files and their limit. */
function processNumbers(): ProcessNumbers {
  const { system, user } = process.cpuUsage();
  const { limit, used } = openFiles();
  return {
    residentBytes: process.memoryUsage.rss(),
    cpuSeconds: (system + user) / 1_000_000,
    openFiles: used,
    maxOpenFiles: limit,
    startedAt: STARTED_AT_SECONDS,
  };
}
