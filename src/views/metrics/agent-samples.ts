/** The series of the agent itself. */
import type { ConfigStatus } from "../../core/config-view.ts";
import type { HttpCounts } from "./http-counts.ts";
import type { HistogramValues, Samples } from "./samples.ts";
import type { Tally } from "./tally.ts";

/** What DNS has counted since its start. */
interface DnsNumbers {
  readonly requests: readonly {
    readonly transport: string;
    readonly type: string;
    readonly count: number;
  }[];
  readonly responses: readonly { readonly rcode: string; readonly count: number }[];
  readonly events: Readonly<Record<string, number>> & { readonly stale: number };
  readonly duration: {
    readonly boundsSeconds: readonly number[];
    readonly buckets: readonly number[];
    readonly sumSeconds: number;
  };
}

/** What the system says of the process. */
export interface ProcessNumbers {
  readonly residentBytes: number;
  readonly cpuSeconds: number;
  readonly openFiles: number;
  readonly maxOpenFiles: number;
  /** Seconds since the Unix epoch. */
  readonly startedAt: number;
}

/** What is known of the agent but for its pools. */
export interface AgentNumbers {
  readonly versions: { readonly version: string; readonly node: string };
  readonly isReady: boolean;
  /** Pools that questions started: how many are there, and what became of those that were asked for. */
  readonly onDemand: { readonly size: number; readonly results: Tally };
  readonly dns: DnsNumbers;
  readonly dnsThreadRestarts: number;
  readonly config: ConfigStatus;
  readonly eventsDropped: number;
  /** `lastWriteAt`: milliseconds since the Unix epoch. */
  readonly stateFile: { readonly writeFailures: number; readonly lastWriteAt?: number | undefined };
  readonly eventLoopDelayMaxSeconds: number;
  readonly process: ProcessNumbers;
}

export function addAgent(samples: Samples, numbers: AgentNumbers, http: HttpCounts): void {
  const { dns, dnsThreadRestarts, eventLoopDelayMaxSeconds, isReady, versions } = numbers;
  samples.add("headwaiter_build_info", versions, 1);
  samples.add("headwaiter_ready", {}, isReady ? 1 : 0);
  samples.add("headwaiter_pools_on_demand", {}, numbers.onDemand.size);
  for (const [result, count] of numbers.onDemand.results.entries()) {
    samples.add("headwaiter_pools_on_demand_asked_total", { result }, count);
  }
  addDns(samples, dns);
  samples.add("headwaiter_dns_thread_restarts_total", {}, dnsThreadRestarts);
  addConfig(samples, numbers.config);
  samples.add("headwaiter_events_dropped_total", {}, numbers.eventsDropped);
  const { lastWriteAt = 0, writeFailures } = numbers.stateFile;
  samples.add("headwaiter_state_file_write_failures_total", {}, writeFailures);
  samples.add("headwaiter_state_file_last_write_timestamp_seconds", {}, lastWriteAt / 1_000);
  for (const { code, count, route } of http.entries()) {
    samples.add("headwaiter_http_requests_total", { route, code }, count);
  }
  samples.add("headwaiter_event_loop_delay_max_seconds", {}, eventLoopDelayMaxSeconds);
  addProcess(samples, numbers.process);
}

function addConfig(
  samples: Samples,
  { hash, loadedAt, needsRestart, reloads, wasTaken }: ConfigStatus,
): void {
  samples.add("headwaiter_config_info", { hash }, 1);
  samples.add("headwaiter_config_last_reload_successful", {}, wasTaken ? 1 : 0);
  samples.add("headwaiter_config_last_reload_success_timestamp_seconds", {}, loadedAt / 1_000);
  for (const [result, count] of Object.entries(reloads)) {
    samples.add("headwaiter_config_reloads_total", { result }, count);
  }
  samples.add("headwaiter_config_restart_needed", {}, needsRestart.length > 0 ? 1 : 0);
}

function addDns(samples: Samples, { duration, events, requests, responses }: DnsNumbers): void {
  const { stale, ...others } = events;
  for (const { count, transport, type } of requests) {
    samples.add("headwaiter_dns_requests_total", { transport, type }, count);
  }
  for (const { count, rcode } of responses) {
    samples.add("headwaiter_dns_responses_total", { rcode }, count);
  }
  samples.add("headwaiter_dns_stale_responses_total", {}, stale);
  for (const [event, count] of Object.entries(others)) {
    samples.add("headwaiter_dns_events_total", { event: withDashes(event) }, count);
  }
  const { boundsSeconds: bounds, buckets, sumSeconds: sum } = duration;
  const values: HistogramValues = { bounds, buckets, sum };
  samples.addHistogram("headwaiter_dns_request_duration_seconds", {}, values);
}

function addProcess(samples: Samples, numbers: ProcessNumbers): void {
  const { cpuSeconds, maxOpenFiles, openFiles, residentBytes, startedAt } = numbers;
  samples.add("process_resident_memory_bytes", {}, residentBytes);
  samples.add("process_cpu_seconds_total", {}, cpuSeconds);
  samples.add("process_open_fds", {}, openFiles);
  samples.add("process_max_fds", {}, maxOpenFiles);
  samples.add("process_start_time_seconds", {}, startedAt);
}

/** As all other values of labels are written: `fromServicePort` to `from-service-port`. */
function withDashes(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
