/** Consul's own names, `NAME.service.consul`, as a function of the pools' snapshots. No socket, no clock, no bytes. */
import type { ConsulService } from "../../../core/pool-view.ts";
import { hexAddressLabel } from "./address-name.ts";
import { addressRecord, type ResourceRecord } from "./record.ts";
import {
  apexNodes,
  FIXED_TTL_SECONDS,
  readyNode,
  staleError,
  type ZoneNode,
  type ZoneNodes,
  type ZonePool,
  type ZoneSettings,
} from "./zone.ts";

/** The zone of Consul's names; its times and the addresses of its name server are those of our own. */
export interface ConsulZoneSettings extends ZoneSettings {
  /** Consul's datacenter, whose names are answered. */
  readonly datacenter: string;
}

/** What is answered of the domain: whatever else lies under it is refused. */
export function consulSubtrees(settings: ConsulZoneSettings): readonly string[] {
  return [...serviceDomains(settings), `addr.${settings.domain}`];
}

/** The names that are there whatever the pools hold. */
export function consulFixedNodes(settings: ConsulZoneSettings, soa: ResourceRecord): ZoneNodes {
  const empty = consulSubtrees(settings).map((name): [string, ZoneNode] => [name, readyNode([])]);
  return new Map([...apexNodes(settings, soa), ...empty]);
}

/** The names of one service: all hold the same records, those of the head. None where DNS can't spell it. */
export function serviceNodes(
  settings: ConsulZoneSettings,
  service: ConsulService,
  { snapshot: { head }, state }: ZonePool,
): ZoneNodes {
  const names = serviceNames(settings, service);
  if (head === undefined) {
    const isStarting = state === "starting";
    const node = { kind: "not-ready", types: ["A", "AAAA", "SRV"], isStarting } as const;
    return new Map(names.map((name) => [name, node]));
  }
  const ttl = settings.ttlSeconds;
  const target = head.kind === "name" ? head.host : hexAddressName(settings.domain, head.host);
  const targetTtl = head.kind === "name" ? ttl : FIXED_TTL_SECONDS;
  const glue = head.named.map((address) => addressRecord(target, targetTtl, address));
  return new Map(
    names.map((name) => {
      const srv: ResourceRecord = {
        name,
        ttl,
        data: { type: "SRV", priority: 1, weight: 1, port: head.port, target },
      };
      const addresses = head.named.map((address) => addressRecord(name, ttl, address));
      return [name, readyNode([...addresses, srv], glue, staleError(state))];
    }),
  );
}

/** As Consul spells an address in a name: `0a000001.addr.consul`. */
function hexAddressName(domain: string, address: string): string {
  return `${hexAddressLabel(address)}.addr.${domain}`;
}

/** RFC 2782's form takes a second label other than `_tcp` for a tag, as Consul does. */
function serviceNames(settings: ConsulZoneSettings, { name, tag }: ConsulService): readonly string[] {
  if (![name, tag ?? "none"].every((label) => /^[a-z0-9_-]{1,62}$/i.test(label))) {
    return [];
  }
  const heads = tag === undefined ? [name, `_${name}._tcp`] : [`${tag}.${name}`, `_${name}._${tag}`];
  return serviceDomains(settings).flatMap((domain) => heads.map((head) => `${head}.${domain}`.toLowerCase()));
}

function serviceDomains({ datacenter, domain }: ConsulZoneSettings): readonly string[] {
  return [`service.${domain}`, `service.${datacenter.toLowerCase()}.${domain}`];
}
