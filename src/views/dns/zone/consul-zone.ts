/** Consul's own names, `NAME.service.consul`, as a function of the pools' snapshots. No socket, no clock, no bytes. */
import type { ConsulService } from "../../../core/pool-view.ts";
import type { ServerEndpoint } from "../../../core/server-endpoint.ts";
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
  /** Which servers of a service are answered. */
  readonly answers: "head" | "all";
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

/** A service: its names, which all hold the same, and what is at the first of them. */
export interface ServiceNode {
  readonly names: readonly [string, ...string[]];
  readonly node: ZoneNode;
}

/** `undefined` where DNS can't spell the service. */
export function serviceNode(
  settings: ConsulZoneSettings,
  service: ConsulService,
  view: ZonePool,
): ServiceNode | undefined {
  const [name, ...others] = serviceNames(settings, service);
  return name === undefined ? undefined : { names: [name, ...others], node: nodeAt(name, settings, view) };
}

function nodeAt(name: string, settings: ConsulZoneSettings, view: ZonePool): ZoneNode {
  const { head } = view.snapshot;
  if (head === undefined) {
    return { kind: "not-ready", types: ["A", "AAAA", "SRV"], isStarting: view.state === "starting" };
  }
  const servers = settings.answers === "all" ? usableServers(view, head) : [head];
  const ttl = settings.ttlSeconds;
  const srv = servers.map(
    (server): ResourceRecord => ({
      name,
      ttl,
      data: { type: "SRV", priority: 1, weight: 1, port: server.port, target: targetOf(settings, server) },
    }),
  );
  return readyNode(
    [...addressRecords(servers, () => name, ttl), ...srv],
    [
      ...addressRecords(
        servers.filter(({ kind }) => kind === "name"),
        (server) => targetOf(settings, server),
        ttl,
      ),
      ...addressRecords(
        servers.filter(({ kind }) => kind !== "name"),
        (server) => targetOf(settings, server),
        FIXED_TTL_SECONDS,
      ),
    ],
    staleError(view.state),
  );
}

/** As many as a message of 64 KB holds of the shortest records. */
const MAX_SERVERS = 4096;

/** In the order of the list, the head always. */
function usableServers(
  { failedLately, snapshot }: ZonePool,
  head: ServerEndpoint,
): readonly ServerEndpoint[] {
  const usable = snapshot.servers
    .slice(1)
    .filter(({ key }) => failedLately === undefined || !failedLately.has(key));
  return [head, ...usable.slice(0, MAX_SERVERS - 1)];
}

/** Each address of an owner once: two ports of one machine have one. */
function addressRecords(
  servers: readonly ServerEndpoint[],
  ownerOf: (server: ServerEndpoint) => string,
  ttl: number,
): readonly ResourceRecord[] {
  const records = servers.flatMap((server) =>
    server.named.map((address) => {
      const owner = ownerOf(server);
      return [`${owner} ${address}`, addressRecord(owner, ttl, address)] as const;
    }),
  );
  return [...new Map(records).values()];
}

function targetOf(settings: ConsulZoneSettings, server: ServerEndpoint): string {
  return server.kind === "name" ? server.host : hexAddressName(settings.domain, server.host);
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
