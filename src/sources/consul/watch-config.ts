import type { BackoffRule } from "../../core/time/backoff.ts";
import type { PaceRule } from "../../core/time/pace.ts";
import type { ServiceSelection } from "../../net/consul/catalog.ts";

/** What one pool watches in Consul, and how patiently. */
export interface ConsulWatchConfig extends ServiceSelection {
  /** Empty: the local datacenter first, then the others. Otherwise exactly these, in this order. */
  readonly datacenters: readonly string[];
  /** Milliseconds that Consul may hold a query for a change. */
  readonly waitMs: number;
  /** Milliseconds beyond `waitMs` and Consul's own jitter after which a query is given up. */
  readonly slackMs: number;
  /** Milliseconds that answers must stay empty before they empty the list. */
  readonly emptyHoldMs: number;
  /** Milliseconds between queries in the long run: see `PaceRule`. */
  readonly minIntervalMs: number;
  /** Upper bound of the delay between two attempts, in milliseconds. */
  readonly maxBackoffMs: number;
  /** Milliseconds between two searches for a datacenter with servers, while none has any. */
  readonly remoteScanMs: number;
}

export const DEFAULT_CONSUL_WATCH: Omit<ConsulWatchConfig, "service"> = {
  passing: true,
  datacenters: [],
  near: "_agent",
  stale: true,
  // A connection that died without a word is noticed at the deadline only: 60 + 60/16 + 10 = 74 s; with Consul's
  // default of 5 min it would be 5 min 29 s. The price is one request a minute and pool, answered from the agent's own
  // memory or by any server: 10,000 agents make 167 a second.
  waitMs: 60_000,
  // A server that lost its leader holds a query for 10 s before it answers 500 (measured).
  slackMs: 10_000,
  // After a wiped restart the services were back within 75 s (measured).
  emptyHoldMs: 90_000,
  // 2 a second and watch, whatever stands between the agent and Consul.
  minIntervalMs: 500,
  // Changes flow again within 2 s of Consul's recovery, and one attempt a second and watch is nothing to the agent on
  // the same machine: 500 watches on one Consul try 500 times a second while it is down.
  maxBackoffMs: 2_000,
  // Nobody answers for the service anywhere: asking 8 datacenters once a minute is enough.
  remoteScanMs: 60_000,
};

/** With a cap of 2 s the first bounds are 0.25, 0.5, 1 and 2 s: a short hiccup is over at the first attempt. */
const BACKOFF_BASE_MS = 250;

/**
 * What was too large once will be so again for a while, and each try may bring 32 MiB: with a cap of 30 s, 2 MiB a
 * second on average, instead of the whole line at the usual pace.
 */
const TOO_LARGE_BACKOFF: BackoffRule = { baseMs: 2_000, maxMs: 30_000 };

/** A roll-out of 50 servers changes the index about 100 times; each change is then followed at once. */
const PACE_BURST = 100;

/** @param code the failure's: see `CatalogFailure`. */
export function backoffRule(config: ConsulWatchConfig, code: string): BackoffRule {
  return code === "too-large"
    ? TOO_LARGE_BACKOFF
    : { baseMs: Math.min(BACKOFF_BASE_MS, config.maxBackoffMs), maxMs: config.maxBackoffMs };
}

export function paceRule(config: ConsulWatchConfig): PaceRule {
  return { minIntervalMs: config.minIntervalMs, burst: PACE_BURST };
}

/**
 * Milliseconds after which a query is given up. Consul adds up to a sixteenth to the wait. A query that may not wait
 * has the slack alone.
 */
export function deadlineMs(index: number, waitMs: number, slackMs: number): number {
  return index === 0 ? slackMs : waitMs + waitMs / 16 + slackMs;
}
