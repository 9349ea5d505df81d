/** What the routes ask of the agent. */
import type { Reloading } from "../../core/config-view.ts";
import type { DnsAnswer } from "../../core/explain/explanation.ts";
import type { FailureReport, ReportAnswer } from "../../core/feedback.ts";
import type { Figures } from "../../core/figures/recent-figures.ts";
import type { PushedHeartbeat } from "../../core/heartbeat.ts";
import type { ListState, PoolView, Ready } from "../../core/pool-view.ts";
import type { Clock } from "../../core/ports.ts";
import { printable } from "../../core/printable.ts";
import type { EndpointError } from "../../core/rpc-addr.ts";
import type { RpcProxy } from "../../core/rpc-proxy.ts";
import type { SourceWarning } from "../../core/source-warning.ts";
import type { Timeline } from "../../core/timeline/timeline.ts";
import { ApiError } from "./api-error.ts";

interface HeartbeatTaker {
  /** Resolves with the addresses that could not be used. */
  take(heartbeat: PushedHeartbeat): Promise<readonly EndpointError[]>;
}

/** What HTTP may ask of a pool. */
export interface PoolApi extends Ready {
  /** Whether a question started it; by default the configuration did. */
  readonly onDemand?: boolean | undefined;
  listState(): ListState;
  /** What is not as it should be with the pool's sources. */
  warnings(): readonly SourceWarning[];
  /** All that is known of the pool now. */
  view(): PoolView;
  /** Takes a program's report that a server fails. */
  report(report: FailureReport): Promise<ReportAnswer>;
  readonly proxy: Pick<RpcProxy, "addPrimaryServer" | "rebalanceServers" | "serverRpcAddrs" | "snapshot">;
  /** Absent when the pool takes no pushed heartbeats. */
  readonly pushed?: HeartbeatTaker | undefined;
}

interface Identity {
  readonly version: string;
  /** Random, for one life of the process. */
  readonly instance: string;
}

export interface HttpApi {
  readonly clock: Clock;
  readonly timeline: Timeline;
  readonly identity: Identity;
  readonly configuration: Reloading;
  /** Of pushed servers that name no datacenter. */
  readonly datacenter: () => string;
  /** Called when a reader begins to wait, or a stream; the function that it returns, at the end. */
  readonly beginReading?: (() => () => void) | undefined;
  /** Looked at for each request: pools come and go. */
  readonly pools: ReadonlyMap<string, PoolApi>;
  /** `serving` when every thread answers; anything else is reported as it is. */
  readonly dnsState: () => string;
  /** Where DNS answers, `host:port` each, the zone, and what takes the queries over UDP; absent: nothing yet. */
  readonly dns: () => {
    readonly addresses: readonly string[];
    readonly domain: string;
    readonly listener: string | undefined;
  };
  /** The agent ends: it gives its last answers. */
  readonly isStopping: () => boolean;
  /** What was measured lately, of these pools. */
  readonly figures: (pools: readonly string[]) => Figures;
  /** What DNS answers to the question for the head of a pool. */
  readonly dnsAnswer: (pool: string) => DnsAnswer;
}

/** @throws ApiError `unknown-pool` that names those there are. */
export function poolOf({ pools }: Pick<HttpApi, "pools">, name: string): PoolApi {
  const pool = pools.get(name);
  if (pool === undefined) {
    const expected = [...pools.keys()];
    const message = `no pool "${printable(name)}": expected one of ${expected.join(", ")}`;
    throw new ApiError("unknown-pool", message, { details: { expected } });
  }
  return pool;
}
