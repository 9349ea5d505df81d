/** How often a server is asked for a heartbeat: scaled to the fleet, so that its size costs servers nothing more. */
import type { Fleet } from "../../core/fleet.ts";
import { fleetPaceMs } from "../../core/rebalance.ts";

/** As Nomad's own clients in a small cluster: every 10 to 20 s, and the first one within 10 s of the start. */
export const MIN_PERIOD_MS = 10_000;

/**
 * Heartbeats per second that one server sees from the whole fleet, as in Nomad: 5 servers, 100,000 nodes → every 400 s.
 */
const HEARTBEATS_PER_SECOND_PER_SERVER = 50;

/**
 * The scaled base of the period ends here, so the period at 30 min: 5 servers are there with 225,000 nodes, and see 148
 * a second of 1,000,000.
 */
const LONGEST_BASE_MS = 900_000;

/** The shortest period in such a fleet: each is drawn between this and twice as much. */
export function basePeriodMs(fleet: Fleet): number {
  const scaledMs = fleetPaceMs(fleet, HEARTBEATS_PER_SECOND_PER_SERVER);
  return Math.max(MIN_PERIOD_MS, Math.min(LONGEST_BASE_MS, scaledMs));
}
