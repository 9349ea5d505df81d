/** What the settings of pools that questions start come to: pure. */
import type { Config, PoolConfig } from "../config/schema.ts";
import type { ConsulService } from "../core/pool-view.ts";
import type { DemandSettings } from "../views/dns/thread-messages.ts";
import { consulServiceOf } from "./consul-service.ts";

/**
 * How questions start pools. Consul's names stand for all instances of a service: they start no pool of a part of them.
 */
export function demandOf({ dns, onDemand }: Pick<Config, "dns" | "onDemand">): DemandSettings | undefined {
  return (
    onDemand && {
      startsPerSecond: onDemand.startsPerSecond,
      consulNames: dns.consulNames !== undefined && consulServiceOf(onDemand.template) !== undefined,
    }
  );
}

/** The settings of the pool of a service. */
export function onDemandConfig(template: PoolConfig, service: ConsulService): PoolConfig {
  return { ...template, backups: backupsOf(template, service) };
}

/** Which instances of the service in Consul are its servers. */
export function backupsOf({ backups }: PoolConfig, { name, tag }: ConsulService) {
  if (backups === undefined) {
    throw new Error("pools that questions start have their servers from Consul");
  }
  return { ...backups, service: name, ...(tag === undefined ? {} : { tag }) };
}
