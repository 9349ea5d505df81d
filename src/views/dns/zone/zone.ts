/** What the zone holds, as a function of the pools' snapshots. No socket, no clock, no bytes. */
import type { ConsulService, ListState } from "../../../core/pool-view.ts";
import type { ServerEndpoint } from "../../../core/server-endpoint.ts";
import type { Snapshot } from "../../../core/snapshot.ts";
import { isSpellable } from "../table/domain-name.ts";
import { addressLabel } from "./address-name.ts";
import { headReasonStrings } from "./head-reason.ts";
import {
  addressRecord,
  EXTENDED_ERROR,
  type ExtendedError,
  FIXED_TTL_SECONDS,
  type RecordData,
  type RecordType,
  type ResourceRecord,
} from "./record.ts";

export interface ZoneSettings {
  /** Lower case, without a final dot. */
  readonly domain: string;
  /** TTL of everything that follows a list. */
  readonly ttlSeconds: number;
  /** How long "there is no such record" may be kept (RFC 2308). */
  readonly negativeTtlSeconds: number;
  /** Address literals of `ns.<domain>`: where this server listens. */
  readonly nameServerAddresses: readonly string[];
}

/** One pool, as the zone shows it. */
export interface ZonePool {
  readonly snapshot: Snapshot;
  readonly state: ListState;
  /** What it is in Consul's names. */
  readonly service?: ConsulService | undefined;
  /** Where it is noted that it is asked for. */
  readonly useSlot?: number | undefined;
  /** Keys of servers that were found down lately. */
  readonly down?: ReadonlySet<string> | undefined;
}

/** Whether our own zone answers both alike. */
export function isSameView(one: ZonePool, other: ZonePool): boolean {
  return one.snapshot === other.snapshot && one.state === other.state && one.useSlot === other.useSlot;
}

/** One name of the zone. A name without records still exists (RFC 8020). */
export type ZoneNode =
  | {
      readonly kind: "ready";
      readonly records: ReadonlyMap<RecordType, readonly ResourceRecord[]>;
      readonly additional: readonly ResourceRecord[];
      /** Where not all records fit, as many as do are an answer, marked as truncated. Absent: all or none. */
      readonly isDivisible?: true;
      readonly extendedError: ExtendedError | undefined;
    }
  | {
      readonly kind: "not-ready";
      readonly types: readonly RecordType[];
      /** A server may come at any moment. */
      readonly isStarting: boolean;
    };
export type ZoneNodes = ReadonlyMap<string, ZoneNode>;

/** The names that are there whatever the pools hold: the apex, `ns`, and the empty non-terminals. */
export function fixedNodes(settings: ZoneSettings, soa: ResourceRecord): ZoneNodes {
  const { domain } = settings;
  return new Map<string, ZoneNode>([
    ...apexNodes(settings, soa),
    [`addr.${domain}`, readyNode([])],
    [`all.${domain}`, readyNode([])],
    [`_tcp.${domain}`, readyNode([])],
    [`_tcp.all.${domain}`, readyNode([])],
  ]);
}

/** The apex of a zone, and `ns`, its name server. */
export function apexNodes({ domain, nameServerAddresses }: ZoneSettings, soa: ResourceRecord): ZoneNodes {
  const nameServer = `ns.${domain}`;
  const glue = nameServerAddresses.map((address) => addressRecord(nameServer, FIXED_TTL_SECONDS, address));
  const ns: ResourceRecord = {
    name: domain,
    ttl: FIXED_TTL_SECONDS,
    data: { type: "NS", target: nameServer },
  };
  return new Map([
    [domain, readyNode([soa, ns], glue)],
    [nameServer, readyNode(glue)],
  ]);
}

/** The name that has the head of a pool as its SRV record. */
export function headOwner(domain: string, pool: string): string {
  return `_${pool.toLowerCase()}._tcp.${domain}`;
}

/** What there is at that name. */
export function headNode(settings: ZoneSettings, pool: string, view: ZonePool): ZoneNode {
  const { head } = view.snapshot;
  return head === undefined
    ? notReady(view, ["SRV"])
    : srvNode(settings, headOwner(settings.domain, pool), [head], staleError(view.state));
}

/** The three names of one pool, as far as DNS can spell them; a tag of a service has names only among Consul's. */
export function poolNodes(settings: ZoneSettings, pool: string, view: ZonePool): ZoneNodes {
  const nodes = pool.includes(".") ? [] : [...namedNodes(settings, pool, view)];
  return new Map(nodes.filter(([name]) => isSpellable(name)));
}

function namedNodes(settings: ZoneSettings, pool: string, view: ZonePool): ZoneNodes {
  const label = pool.toLowerCase();
  const ofHead = [headOwner(settings.domain, pool), headNode(settings, pool, view)] as const;
  const listOwner = `_${label}._tcp.all.${settings.domain}`;
  const poolOwner = `${label}.${settings.domain}`;
  const { head } = view.snapshot;
  if (head === undefined) {
    return new Map<string, ZoneNode>([
      ofHead,
      [listOwner, notReady(view, ["SRV"])],
      [poolOwner, notReady(view, ["A", "AAAA", "TXT"])],
    ]);
  }
  const extendedError = staleError(view.state);
  const ttl = settings.ttlSeconds;
  return new Map([
    ofHead,
    [listOwner, srvNode(settings, listOwner, view.snapshot.servers, extendedError)],
    [
      poolOwner,
      readyNode(
        [
          ...head.named.map((address) => addressRecord(poolOwner, ttl, address)),
          ...txt(poolOwner, ttl, view),
        ],
        [],
        extendedError,
      ),
    ],
  ]);
}

function notReady({ state }: ZonePool, types: readonly RecordType[]): ZoneNode {
  return { kind: "not-ready", types, isStarting: state === "starting" };
}

function txt(name: string, ttl: number, { snapshot, state }: ZonePool): readonly ResourceRecord[] {
  const strings = headReasonStrings(snapshot, state);
  return strings.length === 0 ? [] : [{ name, ttl, data: { type: "TXT", strings } }];
}

/** What goes along with answers from a list that nobody has confirmed. */
export function staleError(state: ListState): ExtendedError | undefined {
  return state === "stale" ? EXTENDED_ERROR.STALE_ANSWER : undefined;
}

// An SRV record takes at least 21 bytes, so a message of 64 KB holds no more than 3,120 of them.
const MAX_LISTED = 3120;

function srvNode(
  settings: ZoneSettings,
  owner: string,
  servers: readonly ServerEndpoint[],
  extendedError: ExtendedError | undefined,
): ZoneNode {
  const listed = servers.slice(0, MAX_LISTED);
  const targetOf = (server: ServerEndpoint) => srvTarget(settings, server);
  const records = listed.map((server, position): ResourceRecord => {
    const { port } = server;
    const data: RecordData = { type: "SRV", priority: position, weight: 1, port, target: targetOf(server) };
    return { name: owner, ttl: settings.ttlSeconds, data };
  });
  return readyNode(records, targetRecords(listed, targetOf, settings.ttlSeconds), extendedError);
}

/** The addresses of SRV targets, each target once. */
export function targetRecords(
  servers: readonly ServerEndpoint[],
  targetOf: (server: ServerEndpoint) => string,
  ttlSeconds: number,
): readonly ResourceRecord[] {
  const targets = new Map<string, readonly ResourceRecord[]>();
  for (const server of servers) {
    const target = targetOf(server);
    const ttl = server.kind === "name" ? ttlSeconds : FIXED_TTL_SECONDS;
    if (!targets.has(target)) {
      targets.set(
        target,
        server.named.map((address) => addressRecord(target, ttl, address)),
      );
    }
  }
  return [...targets.values()].flat();
}

/** The addresses that lists know servers by: each is an SRV target under `addr.<domain>`. */
export function listedAddresses(pools: Iterable<ZonePool>): ReadonlySet<string> {
  return new Set(
    Array.from(pools).flatMap(({ snapshot }) =>
      snapshot.servers
        .slice(0, MAX_LISTED)
        .filter(({ kind }) => kind !== "name")
        .map(({ host }) => host),
    ),
  );
}

/** A server known by name keeps its name; one known by address is spelled in a name, for a target has to be one. */
function srvTarget(settings: ZoneSettings, server: ServerEndpoint): string {
  return server.kind === "name" ? server.host : addressName(settings.domain, server.host);
}

export function addressName(domain: string, address: string): string {
  return `${addressLabel(address)}.addr.${domain}`;
}

/** A name with these records; `additional` goes along with SRV and NS. */
export function readyNode(
  records: readonly ResourceRecord[],
  additional: readonly ResourceRecord[] = [],
  extendedError?: ExtendedError,
): ZoneNode {
  return {
    kind: "ready",
    records: Map.groupBy(records, (record) => record.data.type),
    additional,
    extendedError,
  };
}

/** The node of a name that spells this address. */
export function addressNode(name: string, address: string): ZoneNode {
  return readyNode([addressRecord(name, FIXED_TTL_SECONDS, address)]);
}
