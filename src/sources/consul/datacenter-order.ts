import type { Random } from "../../core/ports.ts";

/** With the local one, nine datacenters are asked at most. The number is Nomad's. */
const MAX_REMOTE_DATACENTERS = 8;

/** Which datacenter is watched always, and which are asked when it has no server. */
export interface DatacenterPlan {
  /** `undefined` is the datacenter of the asked agent. */
  readonly preferred: string | undefined;
  /** In order; `undefined` when they have to be found in Consul's catalog. */
  readonly others: readonly string[] | undefined;
}

/** A configured list wins: its first is preferred and only the rest is asked, in order. Otherwise local first. */
export function datacenterPlan(configured: readonly string[]): DatacenterPlan {
  const [preferred, ...others] = configured;
  return { preferred, others: preferred === undefined ? undefined : others };
}

/**
 * The remote datacenters to ask, at most 8, in random order so that a fleet that lost its local servers does not fixate
 * on one datacenter.
 * @param local the local datacenter's name, where it is known.
 */
export function remoteOrder(
  all: readonly string[],
  local: string | undefined,
  random: Random,
): readonly string[] {
  const remote = all.filter((name) => name !== local);
  for (let last = remote.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [remote[last], remote[other]] = [remote[other] as string, remote[last] as string];
  }
  return remote.slice(0, MAX_REMOTE_DATACENTERS);
}
