import type { EndpointError } from "../../core/rpc-addr.ts";
import type { Tier } from "../../core/snapshot.ts";

/** Where a source's list goes: the core's `RpcProxy` has this method. */
export interface BackupSink {
  /** @returns the addresses that could not be used; the others were applied. */
  setBackupServers(addrs: readonly string[], options?: { tier?: Tier }): Promise<readonly EndpointError[]>;
}

/** What the sink is told: an immutable value. Names in it that have no address are the sink's to ask for. */
export interface BackupReport {
  readonly addresses: readonly string[];
  readonly tier: Tier;
}

/** The report to give after `last`: `last` itself when it says the same, so that the sink is told nothing twice. */
export function nextReport(last: BackupReport | undefined, next: BackupReport): BackupReport {
  const isSame =
    last?.tier === next.tier &&
    last.addresses.length === next.addresses.length &&
    last.addresses.every((address, position) => address === next.addresses[position]);
  return isSame ? last : next;
}
