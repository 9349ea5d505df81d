/** What of the pools and the timeline is worth keeping: pure, but for the views that it asks for. */
import { MAX_SERVERS_PER_SOURCE } from "../core/list-limit.ts";
import type { PoolView } from "../core/pool-view.ts";
import type { Clock } from "../core/ports.ts";
import type { Claims, Snapshot } from "../core/snapshot.ts";
import { rfc3339 } from "../core/time/rfc3339.ts";
import { wallTime, wallTimeOf } from "../core/time/wall-time.ts";
import type { Kept } from "../core/timeline/timeline.ts";
import {
  HEAD_CHANGES_KEPT,
  type RememberedHeadChange,
  type RememberedPool,
  type RememberedServer,
  rememberedHeadChange,
  type StateBody,
} from "../state/state-body.ts";

/**
 * So many events may come after a write that is the last one: with more than 200 a second for 5 s, and a clock that is
 * set back meanwhile, an index would come twice.
 */
export const INDEX_RESERVE = 1_024;

interface SavedPool {
  view(): PoolView;
}

/**
 * The lists to save, given those that were saved before. A list of which a part is only remembered stays as old as it
 * was; one that is empty, says a source that was heard, is forgotten.
 */
export function listsToSave(
  pools: ReadonlyMap<string, SavedPool>,
  before: StateBody["pools"],
  clock: Clock,
): StateBody["pools"] {
  const entries = [...pools].map(([name, pool]) => {
    const last = Object.hasOwn(before, name) ? before[name] : undefined;
    return [name, listToSave(pool.view(), last, clock)] as const;
  });
  return Object.fromEntries(
    entries.flatMap(([name, list]) => (list === undefined ? [] : [[name, list] as const])),
  );
}

function listToSave(
  view: PoolView,
  before: RememberedPool | undefined,
  clock: Clock,
): RememberedPool | undefined {
  const { remembered, snapshot } = view;
  if (snapshot.head === undefined) {
    return view.sources.some(({ lastSuccessAt }) => lastSuccessAt !== undefined) ? undefined : before;
  }
  return {
    saved_at: remembered === undefined ? rfc3339(vouchedAt(view, clock)) : rfc3339(remembered.savedAt),
    servers: serversOf(snapshot),
    head: snapshot.head.key,
    leader: snapshot.leaderAddr,
    num_nodes: snapshot.numNodes,
    ...(view.onDemand ? { on_demand: true as const } : {}),
  };
}

/** When a source was last heard; a configured list holds now. Milliseconds since the Unix epoch. */
function vouchedAt({ sources }: PoolView, clock: Clock): number {
  const heard = sources.flatMap(({ lastSuccessAt }) => (lastSuccessAt === undefined ? [] : [lastSuccessAt]));
  return heard.length === 0 ? wallTimeOf(clock) : Math.round(wallTime(clock, Math.max(...heard)));
}

function serversOf({ members, order }: Snapshot): RememberedServer[] {
  return order
    .toSeq()
    .take(MAX_SERVERS_PER_SOURCE)
    .toArray()
    .flatMap((key) => {
      const member = members.get(key);
      if (member === undefined) {
        return [];
      }
      const { claims, endpoint, tier } = member;
      const server = { address: key, tier, addresses: [...endpoint.addresses] };
      return [isOnlyConfigured(claims) ? { ...server, configured: true as const } : server];
    });
}

function isOnlyConfigured(claims: Claims): boolean {
  return claims.static !== undefined && Object.keys(claims).length === 1;
}

/** The last changes of heads, each with the life in which it happened. */
export function headChangesOf(events: readonly Kept[], instance: string): RememberedHeadChange[] {
  return events
    .filter(({ event }) => event.kind === "head-changed")
    .slice(-HEAD_CHANGES_KEPT)
    .flatMap(({ event }) => {
      const { data } = rememberedHeadChange.safeParse({ from_instance: instance, ...event });
      return data === undefined ? [] : [data];
    });
}
