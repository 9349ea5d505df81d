/** Puts together what the parts of a pool know: read on demand, never pushed. */
import type { PoolConfig } from "../config/schema.ts";
import type {
  Due,
  PoolState,
  PoolView,
  ShownSettings,
  SourceStatus,
  WatchedServer,
} from "../core/pool-view.ts";
import type { Clock } from "../core/ports.ts";
import type { RpcProxy } from "../core/rpc-proxy.ts";
import { wallTime } from "../core/time/wall-time.ts";
import { watchWarnings } from "../sources/consul/watch-status.ts";
import type { HealthStatus } from "../sources/health/health-status.ts";
import { AskedHeartbeats } from "../sources/heartbeat/asked-heartbeats.ts";
import type { PoolSources } from "./pool-sources.ts";

export function sourceStatuses(sources: PoolSources): readonly SourceStatus[] {
  const { config, consul, heartbeat, region, token } = sources;
  const statuses: (SourceStatus | undefined)[] = [
    config.servers.length === 0 ? undefined : { source: "static", state: "ok", warnings: [] },
    heartbeat instanceof AskedHeartbeats
      ? { ...askedStatus(heartbeat), warnings: token?.warnings() ?? [] }
      : heartbeat && pushedStatus(heartbeat),
    consul && consulStatus(consul),
    region && { source: "region", state: "ok", warnings: region.warnings() },
  ];
  return statuses.filter((status) => status !== undefined);
}

/** When the last heartbeat was taken: milliseconds since the Unix epoch. */
export function lastHeartbeatOf(sources: PoolSources, clock: Clock): number | undefined {
  const heard = sourceStatuses(sources).find(({ source }) => source === "heartbeat" || source === "push");
  return heard?.lastSuccessAt === undefined ? undefined : wallTime(clock, heard.lastSuccessAt);
}

function askedStatus(heartbeat: AskedHeartbeats): Omit<SourceStatus, "warnings"> {
  const status = heartbeat.status();
  const { nextAt } = heartbeat.due();
  return {
    source: "heartbeat",
    state: status.phase,
    lastSuccessAt: status.phase === "waiting" ? undefined : status.lastSuccessAt,
    lastError: status.phase === "failing" ? status.lastError : undefined,
    failingSince: status.phase === "failing" ? status.since : undefined,
    server: status.phase === "ok" ? status.server : undefined,
    nextAt,
  };
}

function pushedStatus(
  heartbeat: NonNullable<Exclude<PoolSources["heartbeat"], AskedHeartbeats>>,
): SourceStatus {
  const { lastSuccessAt } = heartbeat.status();
  return {
    source: "push",
    state: lastSuccessAt === undefined ? "waiting" : "ok",
    lastSuccessAt,
    warnings: [],
  };
}

function consulStatus(consul: NonNullable<PoolSources["consul"]>): SourceStatus {
  const status = consul.status();
  const { lastError, lastSuccessAt, state } = status;
  return {
    source: "consul",
    state: state.kind === "retrying" ? "failing" : lastSuccessAt === undefined ? "waiting" : "ok",
    lastSuccessAt,
    lastError: lastError?.message,
    errorCode: lastError?.code,
    nextAt: state.kind === "retrying" ? state.retryAt : undefined,
    failingSince: state.kind === "retrying" ? state.since : undefined,
    attempt: state.kind === "retrying" ? state.attempt : undefined,
    datacenter: status.datacenter,
    servers: status.servers,
    index: status.index,
    emptyUntil: status.emptyUntil,
    requests: status.queries,
    warnings: watchWarnings(status),
  };
}

export function watchedOf({ servers }: HealthStatus): readonly WatchedServer[] {
  return servers.map(({ key, lastAnswer, patience, role, state }) => ({
    key,
    role,
    phase: state.phase,
    since: state.phase === "connecting" ? undefined : state.since,
    reason: state.phase === "down" ? state.reason : undefined,
    lastAnswer,
    patience,
  }));
}

/** What is due next first. */
export function dueOf(
  { consul, heartbeat }: PoolSources,
  proxy: Pick<RpcProxy, "nextRebalanceAt">,
  {
    failbackAt,
    penalised,
    probe,
    servers,
    remembered,
  }: Pick<HealthStatus, "failbackAt" | "probe" | "servers"> & Pick<PoolView, "penalised" | "remembered">,
): readonly Due[] {
  const watch = consul?.status();
  const retryAt = watch?.state.kind === "retrying" ? watch.state.retryAt : undefined;
  const expected = heartbeat?.due();
  const due: readonly (readonly [what: Due["what"], at: number | undefined, server?: string | undefined])[] =
    [
      ["rebalance", proxy.nextRebalanceAt()],
      ...penalised.map(({ key, until }) => ["penalty-ends", until, key] as const),
      ["failback-earliest", failbackAt],
      ["heartbeat", expected?.nextAt],
      ["contact-lost", expected?.contactLostAt],
      ["empty-hold-ends", watch?.emptyUntil],
      ["consul-retry", retryAt],
      ...servers.map(({ dialsAt, key }) => ["reconnect", dialsAt, key] as const),
      ["outage-probe", probe?.at, probe?.key],
      ["state-expires", remembered?.expiresAt],
    ];
  return due
    .flatMap(([what, at, server]) => (at === undefined ? [] : { what, at, server }))
    .toSorted((one, other) => one.at - other.at);
}

/** The state of the list, but for an outage: then the list says nothing of it. */
export function poolState(listState: Exclude<PoolState, "outage">, { phase }: HealthStatus): PoolState {
  return phase === "down" ? "outage" : listState;
}

export function shownSettings({ health, ping }: PoolConfig): ShownSettings {
  return { ping, standby: ping !== "none" && health.standby, timeoutMs: health.timeoutMs };
}
