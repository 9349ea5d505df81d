import type { ServerEndpoint } from "../core/server-endpoint.ts";
import type { Snapshot } from "../core/snapshot.ts";

/**
 * The server to hold a second connection to: the next one, or, while the head is a backup, the primary whose last
 * failure is longest ago, so that the list can go back to it.
 */
export function standbyOf(
  snapshot: Snapshot,
  standby: boolean,
  failedAt: (key: string) => number,
): ServerEndpoint | undefined {
  const { head, servers } = snapshot;
  if (head === undefined) {
    return undefined;
  }
  const primaries = snapshot.tierOf(head.key) === "backup" ? snapshot.serversOf("primary") : [];
  const [first, ...others] = primaries;
  if (first !== undefined) {
    return others.reduce(
      (best, server) => (failedAt(server.key) < failedAt(best.key) ? server : best),
      first,
    );
  }
  return standby ? servers[1] : undefined;
}
