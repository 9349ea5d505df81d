/** The formulas of the rebalance, apart from the timer and the pings that use them. */
import type { Fleet } from "./fleet.ts";
import type { Random } from "./ports.ts";
import type { Snapshot } from "./snapshot.ts";

/** How often a list is rebalanced. */
export interface RebalancePolicy {
  /** A server is used at least this long between rebalances. 600 s, as in Nomad. */
  readonly minReuseMs: number;
  /**
   * Random addition, at `minReuseMs`; grows in proportion on the scaled branch, up to the base itself. 300 s, as in
   * Nomad.
   */
  readonly jitterMs: number;
  /** New connections per second that the fleet may make to one server: 64, as in Nomad. */
  readonly connsPerSecondPerServer: number;
}

export const DEFAULT_REBALANCE_POLICY: RebalancePolicy = Object.freeze({
  minReuseMs: 600_000,
  jitterMs: 300_000,
  connsPerSecondPerServer: 64,
});

/**
 * The scaled term ends here, so that a number of nodes that is wrong puts off no rebalance for weeks: 6 h. 1 server is
 * there with 1,382,400 nodes, 5 servers with 6,912,000.
 */
const LONGEST_SCALED_MS = 21_600_000;

/**
 * Milliseconds until the next rebalance.
 *
 * 5 servers, 10,000 nodes → 600–900 s, so 10,000 / 750 s ≈ 13.3 new connections per second for the fleet;
 * 5 servers, 1,000,000 nodes → 3,125 s (52 min 5 s) before jitter; 1 server, 100,000 nodes → 1,562.5 s (26 min).
 * With no server or no node known the first term alone counts. The scaled term begins to matter above
 * 5 × 64 × 600 = 192,000 nodes for 5 servers. v0.4.0 had no jitter there, so a very large fleet would move in step;
 * here the jitter keeps its proportion to the base, so that the fleet's rate keeps its proportion too, but grows no
 * further than to the base: with a `minReuseMs` far below `jitterMs` the proportion would make days of minutes.
 */
export function rebalanceIntervalMs(
  fleet: Fleet,
  random: Random,
  policy: RebalancePolicy = DEFAULT_REBALANCE_POLICY,
): number {
  const scaledMs = Math.min(LONGEST_SCALED_MS, fleetPaceMs(fleet, policy.connsPerSecondPerServer));
  const baseMs = Math.max(policy.minReuseMs, scaledMs);
  return baseMs + random() * jitterSpreadMs(baseMs, policy);
}

function jitterSpreadMs(baseMs: number, { minReuseMs, jitterMs }: RebalancePolicy): number {
  if (jitterMs === 0) {
    return 0;
  }
  const inProportion = minReuseMs > 0 ? (jitterMs * baseMs) / minReuseMs : Number.POSITIVE_INFINITY;
  return Math.min(inProportion, Math.max(jitterMs, baseMs));
}

/**
 * Milliseconds between two actions of one agent when each server shall see `perSecondPerServer` of them from the whole
 * fleet: `numNodes / (numServers × rate)`. 0 with no server or no node known. 5 servers, 100,000 nodes, 500/s → 40 s.
 */
export function fleetPaceMs({ numServers, numNodes }: Fleet, perSecondPerServer: number): number {
  return numServers > 0 && numNodes > 0 ? (1000 * numNodes) / (numServers * perSecondPerServer) : 0;
}

/** A new array of the same elements in uniformly random order (Fisher–Yates). */
export function shuffled<Element>(elements: readonly Element[], random: Random): Element[] {
  const result = [...elements];
  for (let last = result.length - 1; last > 0; last--) {
    const chosen = Math.floor(random() * (last + 1));
    [result[last], result[chosen]] = [result[chosen] as Element, result[last] as Element];
  }
  return result;
}

/** Primaries first, then backups, each shuffled: the keys in the order in which a rebalance tries them. */
export function shuffledOrder(snapshot: Snapshot, random: Random): string[] {
  const primaries: string[] = [];
  const backups: string[] = [];
  for (const { key } of snapshot.servers) {
    (snapshot.tierOf(key) === "primary" ? primaries : backups).push(key);
  }
  return [...shuffled(primaries, random), ...shuffled(backups, random)];
}

/**
 * The order when the server at `position` answered: it and those behind it, then all that failed. Those passed over are
 * left out.
 */
export function orderFrom<Key>(plan: readonly Key[], position: number, failed: ReadonlySet<Key>): Key[] {
  const rest = plan.slice(position).filter((key) => !failed.has(key));
  return [...rest, ...plan.filter((key) => failed.has(key))];
}
