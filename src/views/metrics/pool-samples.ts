/** The series of one pool. */
import type { Due, PoolState, PoolView, SourceStatus, WatchedServer } from "../../core/pool-view.ts";
import type { Clock } from "../../core/ports.ts";
import type { Snapshot, Tier } from "../../core/snapshot.ts";
import { wallTime } from "../../core/time/wall-time.ts";
import type { PoolCounts } from "./pool-counts.ts";
import type { Samples } from "./samples.ts";

/** The results of requests to Consul: the codes of its errors and what is none. */
export const CONSUL_RESULTS = [
  "ok",
  "ended-early",
  "address",
  "unreachable",
  "reset",
  "cut-body",
  "timeout",
  "too-large",
  "tls",
  "tls-file",
  "token-file",
  "http-3xx",
  "http-403",
  "http-429",
  "http-4xx",
  "http-5xx",
  "not-json",
  "schema",
  "aborted",
  "unexpected",
] as const;

const STATES: readonly PoolState[] = ["starting", "empty", "live", "stale", "outage"];
const TIERS: readonly Tier[] = ["primary", "backup"];

/** Of servers of which something is known. */
type Condition = "ok" | "down" | "penalised";

/** Sources that are heard again and again. */
const HEARD: readonly SourceStatus["source"][] = ["heartbeat", "push", "consul"];

/** Adds the series of the pool to the samples. */
export function addPool(samples: Samples, view: PoolView, counts: PoolCounts, clock: Clock): void {
  addState(samples, view, clock);
  addServers(samples, view);
  addSources(samples, view, clock);
  addCounts(samples, view.name, counts, clock.now());
}

function addState(samples: Samples, { due, name: pool, snapshot, state }: PoolView, clock: Clock): void {
  const { head, headSince } = snapshot;
  samples.add("headwaiter_pool_ready", { pool }, head === undefined ? 0 : 1);
  for (const each of STATES) {
    samples.add("headwaiter_pool_state", { pool, state: each }, each === state ? 1 : 0);
  }
  const tier = head && snapshot.tierOf(head.key);
  if (head !== undefined && tier !== undefined) {
    samples.add("headwaiter_head_info", { pool, server: head.key, tier }, 1);
  }
  samples.add("headwaiter_head_changed_timestamp_seconds", { pool }, (headSince?.at ?? 0) / 1000);
  const rebalanceAt = due.find(({ what }) => what === "rebalance")?.at;
  samples.add("headwaiter_next_rebalance_timestamp_seconds", { pool }, secondsAt(clock, rebalanceAt));
}

function addServers(samples: Samples, { due, name: pool, snapshot, watched }: PoolView): void {
  const counts = new Map(TIERS.map((tier) => [tier, { ok: 0, down: 0, penalised: 0 }]));
  for (const [key, condition] of conditionsOf(due, watched)) {
    const tier = snapshot.tierOf(key);
    const ofTier = tier && counts.get(tier);
    if (ofTier !== undefined) {
      ofTier[condition] += 1;
    }
  }
  for (const [tier, { down, ok, penalised }] of counts) {
    const unwatched = countOf(snapshot, tier) - down - ok - penalised;
    for (const [condition, count] of Object.entries({ ok, down, penalised, unwatched })) {
      samples.add("headwaiter_servers", { pool, tier, condition }, count);
    }
  }
}

/** Of the servers of which something is known. What is seen now counts more than what was. */
function conditionsOf(
  due: readonly Due[],
  watched: readonly WatchedServer[],
): ReadonlyMap<string, Condition> {
  const conditions = new Map<string, Condition>();
  for (const { server, what } of due) {
    if (what === "penalty-ends" && server !== undefined) {
      conditions.set(server, "penalised");
    }
  }
  for (const { key, phase } of watched) {
    if (phase !== "connecting") {
      conditions.set(key, phase === "up" ? "ok" : "down");
    }
  }
  return conditions;
}

/** By the members, which are the same value while only their order changes: a long list is counted once. */
const primaries = new WeakMap<Snapshot["members"], number>();

function countOf({ members }: Snapshot, tier: Tier): number {
  const known = primaries.get(members) ?? members.count((member) => member.tier === "primary");
  primaries.set(members, known);
  return tier === "primary" ? known : members.size - known;
}

function addSources(samples: Samples, { name: pool, sources }: PoolView, clock: Clock): void {
  for (const { lastSuccessAt, requests, source, state } of sources) {
    samples.add("headwaiter_source_up", { pool, source }, state === "ok" ? 1 : 0);
    if (HEARD.includes(source)) {
      const at = secondsAt(clock, lastSuccessAt);
      samples.add("headwaiter_source_last_success_timestamp_seconds", { pool, source }, at);
    }
    if (requests !== undefined) {
      const results = new Set([...CONSUL_RESULTS, ...Object.keys(requests)]);
      for (const result of results) {
        samples.add("headwaiter_consul_requests_total", { pool, result }, requests[result] ?? 0);
      }
    }
  }
}

function addCounts(samples: Samples, pool: string, counts: PoolCounts, now: number): void {
  for (const [cause, count] of counts.headChanges.entries()) {
    samples.add("headwaiter_head_changes_total", { pool, cause }, count);
  }
  for (const { downSeconds, failures, server } of counts.servers.rows(now)) {
    samples.add("headwaiter_server_failures_total", { pool, server }, failures);
    samples.add("headwaiter_server_down_seconds_total", { pool, server }, downSeconds);
  }
  for (const [role, results] of counts.pings) {
    for (const [result, count] of results.entries()) {
      samples.add("headwaiter_pings_total", { pool, role, result }, count);
    }
  }
  samples.addHistogram("headwaiter_ping_duration_seconds", { pool }, counts.pingDuration.values());
  samples.addHistogram("headwaiter_failover_duration_seconds", { pool }, counts.failoverDuration.values());
  samples.add("headwaiter_outages_total", { pool }, counts.outages);
  samples.add("headwaiter_outage_seconds_total", { pool }, counts.outageSeconds(now));
  for (const [result, count] of counts.heartbeats.entries()) {
    samples.add("headwaiter_heartbeats_total", { pool, result }, count);
  }
  for (const [result, count] of counts.rebalances.entries()) {
    samples.add("headwaiter_rebalances_total", { pool, result }, count);
  }
  for (const [verdict, count] of counts.feedback.entries()) {
    samples.add("headwaiter_feedback_total", { pool, verdict }, count);
  }
}

/** Seconds since the Unix epoch; 0 when there is no such time. */
function secondsAt(clock: Clock, at: number | undefined): number {
  return at === undefined ? 0 : Math.round(wallTime(clock, at)) / 1000;
}
