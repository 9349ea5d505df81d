/** How often servers are pinged and dialled: scaled to the fleet, so that its size costs them nothing more. */
import type { Random } from "../core/ports.ts";
import { fleetPaceMs } from "../core/rebalance.ts";

export interface Fleet {
  readonly numServers: number;
  readonly numNodes: number;
}

/** Pings per second that one server sees from the whole fleet: 5 servers, 100,000 nodes → each agent pings every 40 s. */
const PINGS_PER_SECOND_PER_SERVER = 500;

/** The next server is pinged a tenth as often as the head: it serves nobody yet. */
const STANDBY_INTERVAL_FACTOR = 10;

/** Reconnects to a server that came back, per second and server; as for rebalances. 5 servers, 100,000 nodes: spread over 312 s. */
const RECONNECTS_PER_SECOND_PER_SERVER = 64;

/** Reconnects are spread over at least this, also in a small fleet. */
const MIN_RECONNECT_SPREAD_MS = 1_000;

/** Milliseconds between pings of the head: the configured interval, longer in a large fleet. 10,000 nodes → 4 s. */
export function headIntervalMs(configuredMs: number, fleet: Fleet): number {
  return Math.max(configuredMs, fleetPaceMs(fleet, PINGS_PER_SECOND_PER_SERVER));
}

export function standbyIntervalMs(headMs: number): number {
  return headMs * STANDBY_INTERVAL_FACTOR;
}

/** Milliseconds until a server that is down is dialled again: random, so that a fleet does not come back in one moment. */
export function reconnectDelayMs(configuredMs: number, fleet: Fleet, random: Random): number {
  const spreadMs = Math.max(MIN_RECONNECT_SPREAD_MS, fleetPaceMs(fleet, RECONNECTS_PER_SECOND_PER_SERVER));
  return Math.max(configuredMs, random() * spreadMs);
}

/**
 * Milliseconds from one try of a server to the next while none answers: between half an interval of the head and a whole
 * one, because a whole fleet notices such an outage in one moment and would move in step from then on.
 */
export function outageDelayMs(headMs: number, random: Random): number {
  return headMs * (0.5 + random() / 2);
}

/**
 * Milliseconds until a new next server is dialled: when a head dies, a whole fleet takes one at the same moment. Random, up
 * to what the pace of reconnects allows: nothing in a small fleet; 5 servers, 100,000 nodes → up to 312 s.
 */
export function standbyDelayMs(fleet: Fleet, random: Random): number {
  return random() * fleetPaceMs(fleet, RECONNECTS_PER_SECOND_PER_SERVER);
}
