/** How a pool is named that serves a service of Consul's without having been configured: `NAME`, or `TAG.NAME`. */
import type { ConsulService } from "./pool-view.ts";

/** More pools that questions start can't be asked for, each with a connection to Consul and some to its servers. */
export const MAX_POOLS_ON_DEMAND = 1024;

/** A label of DNS that may be the name of a service or a tag. */
const LABEL = /^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/;

/** Lower case: Consul finds a service by its name in any. */
export function poolOfService({ name, tag }: ConsulService): string {
  return (tag === undefined ? name : `${tag}.${name}`).toLowerCase();
}

/** `undefined` when no service has such a pool. */
export function serviceOfPool(pool: string): ConsulService | undefined {
  const labels = pool.split(".");
  const [name, tag] = labels.toReversed();
  return name !== undefined && labels.length <= 2 && labels.every((label) => LABEL.test(label))
    ? { name, tag }
    : undefined;
}
