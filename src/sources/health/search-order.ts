import type { Snapshot, Tier } from "../../core/snapshot.ts";

/**
 * How late a server is wanted as head, by its key: as in a rebalance, primaries before backups, and those that are
 * avoided after all others.
 */
export function searchRanks(
  { order, members }: Pick<Snapshot, "order" | "members">,
  isAvoided: (key: string) => boolean,
): ReadonlyMap<string, number> {
  const rankOf = (key: string, tier: Tier | undefined) =>
    (isAvoided(key) ? 2 : 0) + (tier === "backup" ? 1 : 0);
  return new Map(order.toArray().map((key) => [key, rankOf(key, members.get(key)?.tier)]));
}

/** The keys by rank; of one rank in the order of the list. */
export function byRank(ranks: ReadonlyMap<string, number>): string[] {
  return [...ranks].toSorted(([, one], [, other]) => one - other).map(([key]) => key);
}
