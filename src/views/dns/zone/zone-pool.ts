import type { ShownPool } from "../../../core/pool-view.ts";
import type { ZonePool } from "./zone.ts";

/** What the zone shows of a pool now. @param down keys of its servers that were found down lately. */
export function zonePoolOf(pool: ShownPool, down: ReadonlySet<string> | undefined): ZonePool {
  return {
    snapshot: pool.snapshot(),
    state: pool.listState(),
    service: pool.consulService?.(),
    down,
    useSlot: pool.useSlot,
  };
}
