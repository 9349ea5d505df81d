/** What the paces of one agent go by: how many agents there are, and how many servers share them. */
export interface Fleet {
  readonly numServers: number;
  readonly numNodes: number;
}

/**
 * More nodes than this are a mistake: it is a thousand times a large fleet, and five times the largest that was
 * simulated. Half a billion would make one ping in six days of one in half a second.
 */
export const MAX_NODES = 10_000_000;

/** Whether a fleet can have so many nodes. False for what is no number. */
export function isPlausibleNodeCount(numNodes: number): boolean {
  return numNodes >= 0 && numNodes <= MAX_NODES;
}
