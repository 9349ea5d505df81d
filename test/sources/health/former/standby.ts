import type { ServerEndpoint } from "../../../../src/core/server-endpoint.ts";
import type { Snapshot } from "../../../../src/core/snapshot.ts";

/**
 * The server to hold a second connection to: the next one, or, while the head is a backup, the primary that
 * was found down longest ago, or never, so that the list can go back to it: dead primaries take turns, one that answers stays.
 */
export function standbyOf(
  snapshot: Snapshot,
  standby: boolean,
  lastFoundAt: (key: string) => number,
): ServerEndpoint | undefined {
  const { head, members, order } = snapshot;
  if (head === undefined) {
    return undefined;
  }
  const primaries = snapshot.tierOf(head.key) === "backup" ? snapshot.serversOf("primary") : [];
  const [first, ...others] = primaries;
  if (first !== undefined) {
    return others.reduce(
      (best, server) => (lastFoundAt(server.key) < lastFoundAt(best.key) ? server : best),
      first,
    );
  }
  return standby ? members.get(order.get(1) ?? "")?.endpoint : undefined;
}
