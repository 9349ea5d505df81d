import type { ServerEndpoint } from "../../core/server-endpoint.ts";
import type { Snapshot } from "../../core/snapshot.ts";
import type { Role } from "./health-state.ts";
import { type HealthRecords, lastFoundAt } from "./server-health.ts";

/** The servers to watch: the head, and beside it a standby. */
export function watchedServers(
  snapshot: Snapshot,
  records: HealthRecords,
  standby: boolean,
): ReadonlyMap<Role, ServerEndpoint> {
  const watched = new Map<Role, ServerEndpoint>();
  const { head } = snapshot;
  if (head !== undefined) {
    watched.set("head", head);
    const next = standbyOf(snapshot, head, records, standby);
    if (next !== undefined) {
      watched.set("standby", next);
    }
  }
  return watched;
}

/**
 * The server to hold a second connection to: the next one, or, while the head is a backup, the primary that was found
 * down longest ago, or never, so that the list can go back to it: dead primaries take turns, one that answers stays.
 */
function standbyOf(
  snapshot: Snapshot,
  head: ServerEndpoint,
  records: HealthRecords,
  standby: boolean,
): ServerEndpoint | undefined {
  const { members, order } = snapshot;
  const primaries = snapshot.tierOf(head.key) === "backup" ? snapshot.serversOf("primary") : [];
  const [first, ...others] = primaries;
  if (first !== undefined) {
    return others.reduce(
      (best, server) => (lastFoundAt(records, server.key) < lastFoundAt(records, best.key) ? server : best),
      first,
    );
  }
  return standby ? members.get(order.get(1) ?? "")?.endpoint : undefined;
}
