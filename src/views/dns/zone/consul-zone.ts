/** Consul's own names, `NAME.service.consul`, as a function of the pools' snapshots. No socket, no clock, no bytes. */
import type { ConsulService } from "../../../core/pool-view.ts";
import type { ServerEndpoint } from "../../../core/server-endpoint.ts";
import type { Nameserver } from "../../../net/names/nameserver.ts";
import { isSpellable } from "../table/domain-name.ts";
import { hexAddressLabel } from "./address-name.ts";
import { addressRecord, type ResourceRecord } from "./record.ts";
import {
  apexNodes,
  readyNode,
  staleError,
  targetRecords,
  type ZoneNode,
  type ZoneNodes,
  type ZonePool,
  type ZoneSettings,
} from "./zone.ts";

/** The zone of Consul's names; its times and the addresses of its name server are those of our own. */
export interface ConsulZoneSettings extends ZoneSettings {
  /** Consul's datacenter, whose names are answered. */
  readonly datacenter: string;
  /** What a name answers: the head alone, or all servers that are usable now. */
  readonly answers: "head" | "all";
  /** Who is asked what else lies under the domain; absent: nobody. */
  readonly forwardTo?: Nameserver | undefined;
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

/**
 * What all names of one service hold, with `owner` as one of them: the head alone, or all servers that are usable now,
 * the head first.
 */
export function serviceNode(settings: ConsulZoneSettings, owner: string, view: ZonePool): ZoneNode {
  const { snapshot, state } = view;
  if (snapshot.head === undefined) {
    return { kind: "not-ready", types: ["A", "AAAA", "SRV"], isStarting: state === "starting" };
  }
  const servers = settings.answers === "head" ? [snapshot.head] : usableServers(view);
  const { domain, ttlSeconds: ttl } = settings;
  const targetOf = ({ host, kind }: ServerEndpoint) =>
    kind === "name" ? host : hexAddressName(domain, host);
  const addresses = new Set(servers.flatMap(({ named }) => named));
  const records = [
    ...Array.from(addresses, (address) => addressRecord(owner, ttl, address)),
    ...servers.map((server): ResourceRecord => {
      const { port } = server;
      return {
        name: owner,
        ttl,
        data: { type: "SRV", priority: 1, weight: 1, port, target: targetOf(server) },
      };
    }),
  ];
  return {
    kind: "ready",
    records: Map.groupBy(records, ({ data }) => data.type),
    additional: targetRecords(servers, targetOf, ttl),
    extendedError: staleError(state),
    isDivisible: true,
  };
}

// An A record takes at least 16 bytes, so a message of 64 KB holds no more than 4,095 of them.
const MAX_ANSWERED = 4095;

/** In the order of the list those that were not found down lately; all when each was: one of them may be up again. */
function usableServers({ down, snapshot: { servers } }: ZonePool): readonly ServerEndpoint[] {
  const usable = servers.filter(({ key }) => down?.has(key) !== true);
  return (usable.length > 0 ? usable : servers).slice(0, MAX_ANSWERED);
}

/** As Consul spells an address in a name: `0a000001.addr.consul`. */
function hexAddressName(domain: string, address: string): string {
  return `${hexAddressLabel(address)}.addr.${domain}`;
}

/**
 * The names of a service: none where DNS can't spell it. RFC 2782's form takes a second label other than `_tcp` for a
 * tag, as Consul does.
 */
export function serviceNames(settings: ConsulZoneSettings, { name, tag }: ConsulService): readonly string[] {
  if (![name, tag ?? "none"].every((label) => /^[a-z0-9_-]+$/i.test(label))) {
    return [];
  }
  const heads = tag === undefined ? [name, `_${name}._tcp`] : [`${tag}.${name}`, `_${name}._${tag}`];
  return serviceDomains(settings)
    .flatMap((domain) => heads.map((head) => `${head}.${domain}`.toLowerCase()))
    .filter(isSpellable);
}

function serviceDomains({ datacenter, domain }: ConsulZoneSettings): readonly string[] {
  return [`service.${domain}`, `service.${datacenter.toLowerCase()}.${domain}`];
}
