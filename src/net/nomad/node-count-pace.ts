// A node's record takes about 1 kB (estimated: a dozen short fields and the state of each task driver).
const BYTES_PER_NODE = 1000;

// What counting may cost each server, all agents together: a hundredth of a gigabit link.
const BYTES_PER_SECOND_PER_SERVER = 1_000_000;

// The count only scales rates, so a small fleet needs none fresher than this.
const MIN_INTERVAL_MS = 60_000;

// A count that is wrong is found out within a day, whatever it was.
const LONGEST_INTERVAL_MS = 86_400_000;

/**
 * Milliseconds until the nodes should be counted again. Each of n agents gets n records, so the cost for the fleet
 * grows with n², and the interval with it, until counting costs each server 1 MB per second, or the interval is a day:
 * then the whole records cost more, but the connection ends once the number was read, and some MB of records at most
 * are on their way by then.
 *
 * Worked numbers for 5 servers: 100 nodes → 60 s; 1,000 → 200 s; 10,000 → 20,000 s (5.6 h); above 20,785 → a day.
 */
export function nodeCountIntervalMs(numNodes: number, numServers: number): number {
  const bytes = numNodes * numNodes * BYTES_PER_NODE;
  const seconds = bytes / (Math.max(1, numServers) * BYTES_PER_SECOND_PER_SERVER);
  return Math.max(MIN_INTERVAL_MS, Math.min(LONGEST_INTERVAL_MS, seconds * 1000));
}
