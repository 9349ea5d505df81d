import type { PoolConfig } from "../config/schema.ts";
import type { ConsulService } from "../core/pool-view.ts";

/** A part of the instances, or those of another datacenter, are not the service that Consul's names are about. */
export function consulServiceOf({ backups }: Pick<PoolConfig, "backups">): ConsulService | undefined {
  return backups && backups.filter === undefined && backups.datacenters.length === 0
    ? { name: backups.service, tag: backups.tag }
    : undefined;
}
