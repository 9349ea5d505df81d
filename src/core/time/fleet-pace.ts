/** How often servers are pinged and dialled: scaled to the fleet, so that its size costs them nothing more. */

import type { Fleet } from "../fleet.ts";
import type { Random } from "../ports.ts";
import { fleetPaceMs } from "../rebalance.ts";
import { type BackoffRule, doubledMs } from "./backoff.ts";
import type { PaceRule } from "./pace.ts";

/**
 * Pings per second that one server sees from the whole fleet: 5 servers, 100,000 nodes → each agent pings every 40 s.
 */
const PINGS_PER_SECOND_PER_SERVER = 500;

/**
 * Whatever is said of the fleet, a head that hangs is noticed within 5 min: 5 servers are there with 750,000 nodes.
 * 1,000,000 nodes make 667 pings per second and server instead of 500.
 */
const LONGEST_HEAD_INTERVAL_MS = 300_000;

/**
 * Whoever does not answer is dialled no more often than this, in milliseconds, however often one that answers is
 * pinged.
 */
const LEAST_DIAL_INTERVAL_MS = 500;

/** The next server is pinged a tenth as often as that: it serves nobody yet, and is asked whenever the head is late. */
const STANDBY_INTERVAL_FACTOR = 10;

/** But at least every 10 min, unless the head itself is pinged more seldom: 5 servers are there with 150,000 nodes. */
const LONGEST_STANDBY_INTERVAL_MS = 600_000;

/**
 * Reconnects to a server that came back, per second and server; as for rebalances. 5 servers, 100,000 nodes: spread
 * over 312 s.
 */
const RECONNECTS_PER_SECOND_PER_SERVER = 64;

/** Dials are spread over 15 min at most: 5 servers are there with 288,000 nodes, and see 222 a second of 1,000,000. */
const LONGEST_SPREAD_MS = 900_000;

/** Reconnects are spread over at least this, also in a small fleet. */
const MIN_RECONNECT_SPREAD_MS = 1_000;

/** Milliseconds between pings of the head: the configured interval, longer in a large fleet. 10,000 nodes → 4 s. */
export function headIntervalMs(configuredMs: number, fleet: Fleet): number {
  const scaledMs = fleetPaceMs(fleet, PINGS_PER_SECOND_PER_SERVER);
  return Math.max(configuredMs, Math.min(LONGEST_HEAD_INTERVAL_MS, scaledMs));
}

/** Servers are asked because of reports five times a second at most, whoever reports. */
const MIN_CHECK_INTERVAL_MS = 200;

/**
 * Milliseconds from one check of a reported server to the next, in the long run: longer in a large fleet, as pings are.
 * 10,000 nodes on 5 servers → 4 s.
 */
export function checkIntervalMs(fleet: Fleet): number {
  return headIntervalMs(MIN_CHECK_INTERVAL_MS, fleet);
}

/** Milliseconds from one dial of a server to the next while it does not answer: the head's interval, 0.5 s at least. */
export function dialIntervalMs(headMs: number): number {
  return Math.max(LEAST_DIAL_INTERVAL_MS, headMs);
}

/** Milliseconds between pings of the next server: 5 s in a small fleet. */
export function standbyIntervalMs(headMs: number): number {
  const scaledMs = dialIntervalMs(headMs) * STANDBY_INTERVAL_FACTOR;
  return Math.max(headMs, Math.min(LONGEST_STANDBY_INTERVAL_MS, scaledMs));
}

/** Milliseconds over which a whole fleet's dials of one server are spread. */
function dialSpreadMs(fleet: Fleet): number {
  return Math.min(LONGEST_SPREAD_MS, fleetPaceMs(fleet, RECONNECTS_PER_SECOND_PER_SERVER));
}

/**
 * Milliseconds until a server that is down is dialled again: random, so that a fleet does not come back in one moment.
 */
export function reconnectDelayMs(configuredMs: number, fleet: Fleet, random: Random): number {
  const spreadMs = Math.max(MIN_RECONNECT_SPREAD_MS, dialSpreadMs(fleet));
  return Math.max(dialIntervalMs(configuredMs), random() * spreadMs);
}

/**
 * Milliseconds from one try of a server to the next while none answers: between half an interval of dials and a whole
 * one, because a whole fleet notices such an outage in one moment and would move in step from then on.
 */
export function outageDelayMs(headMs: number, random: Random): number {
  return dialIntervalMs(headMs) * (0.5 + random() / 2);
}

/**
 * Milliseconds until a new next server is dialled: when a head dies, a whole fleet takes one at the same moment.
 * Random, up to what the pace of reconnects allows: nothing in a small fleet; 5 servers, 100,000 nodes → up to 312 s.
 */
export function standbyDelayMs(fleet: Fleet, random: Random): number {
  return random() * dialSpreadMs(fleet);
}

/**
 * The pause before a next server is dialled that closes each connection: 30 s, 1, 2, 4, 8 min. A server that counts
 * connections without a handshake counts 12 in the first hour, then 7.5 an hour.
 */
const CLOSINGS_DELAY: BackoffRule = { baseMs: 30_000, maxMs: 480_000 };

/**
 * Milliseconds until a next server is dialled that closed so many connections in a row. The first may be an idle one,
 * dropped on the way.
 */
export function closingsDelayMs(closings: number): number {
  return closings < 2 ? 0 : doubledMs(closings - 1, CLOSINGS_DELAY);
}

/**
 * Servers dialled per second by a search that found none, of one agent: bounds what a list of any length costs the
 * agent. A dial that is refused takes 0.6 ms of a busy machine's processor, a Nomad server that is silent 0.9 ms: a
 * twentieth of one. Up to 32 servers each is tried every 0.25 to 0.5 s; of 4,000 each every 62 s.
 */
const SEARCHED_PER_SECOND = 64;

/** Milliseconds from one dial to the next of a search that found none. */
export const SEARCH_SPACING_MS = 1_000 / SEARCHED_PER_SECOND;

/** Milliseconds that such a search takes for the list once: the interval of dials, longer for a long list. */
export function searchIntervalMs(headMs: number, numServers: number): number {
  return Math.max(dialIntervalMs(headMs), numServers * SEARCH_SPACING_MS);
}

/**
 * A wave of a search has this part of the time that a server may take: 25 ms of 500. Servers nearby answer in 1 ms,
 * with TLS in 10.
 */
const WAVES_PER_TIMEOUT = 20;

export function waveMs(timeoutMs: number): number {
  return timeoutMs / WAVES_PER_TIMEOUT;
}

/**
 * Heads that may follow one another because the last one failed: 16 in a moment, then one a second. Each costs two
 * lines of the log and a new zone, which takes 50 ms for 4,000 servers: servers that answer a search and fail as head
 * can't make more of it.
 */
export const HEADS_PACE: PaceRule = { minIntervalMs: 1_000, burst: 16 };

/**
 * Milliseconds until a server that is new on the list is asked for its region: up to 1 s. Each agent asks each server:
 * 1,000 nodes → up to 16 s, above 57,600 up to 15 min.
 */
export function newcomerDelayMs({ numNodes }: Fleet, random: Random): number {
  return random() * Math.max(MIN_RECONNECT_SPREAD_MS, dialSpreadMs({ numNodes, numServers: 1 }));
}

/** A server of another region is asked again after this: it costs one connection, and most stay what they are. */
const MIN_BARRED_DELAY_MS = 10_000;

/** Where no server is left, one that comes right is waited for. */
const MIN_BARRED_DELAY_WITHOUT_SERVER_MS = 1_000;

/**
 * Milliseconds until the servers of other regions are asked again: 10 to 20 s, or 1 to 2 s when there is no other;
 * later in a large fleet, so that each sees 64 dials a second at most: 10,000 nodes → 10 to 166 s.
 */
export function barredDelayMs({ numNodes, numServers }: Fleet, random: Random): number {
  const minMs = numServers === 0 ? MIN_BARRED_DELAY_WITHOUT_SERVER_MS : MIN_BARRED_DELAY_MS;
  return minMs + random() * Math.max(minMs, dialSpreadMs({ numNodes, numServers: 1 }));
}
