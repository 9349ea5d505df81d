import ipaddr from "ipaddr.js";
import { printable } from "../../core/printable.ts";
import { joinHostPort } from "../../core/rpc-addr.ts";
import type { WayToConsul } from "./way-to-consul.ts";

/** A check of a service: Consul asks a URL, or is told at least once per `ttlMs`. */
export type ServiceCheck = { readonly id: string; readonly name: "alive" | "readiness" } & (
  | {
      readonly kind: "http";
      readonly url: string;
      readonly intervalMs: number;
      readonly timeoutMs: number;
    }
  | {
      readonly kind: "ttl";
      readonly ttlMs: number;
      /** Consul drops the whole service once this check was critical for so long. */
      readonly reapAfterMs?: number;
    }
);

/** A service as Consul's agent is told of it. */
export interface ServiceDefinition {
  readonly id: string;
  readonly name: string;
  /** Absent: the address of the Consul agent's node. */
  readonly address?: string;
  /** Absent: nobody reaches it over a network. */
  readonly port?: number;
  readonly meta: Readonly<Record<string, string>>;
  readonly checks: readonly ServiceCheck[];
}

interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Where the agent is. */
export interface OwnPlace {
  /** Names the machine or the container: agents of several may share one Consul agent. */
  readonly hostname: string;
  /** Where HTTP listens: at an address, or on a unix socket, which only this machine reaches. */
  readonly listen: HostPort | { readonly socket: string };
  /** Where others reach HTTP, when the configuration says it; without a port that of `listen`, if it has one. */
  readonly advertise?: { readonly host: string; readonly port?: number | undefined };
  /** The path that answers 200 when every pool has a head. */
  readonly readinessPath: string;
}

/** What is told of the agent besides its place. */
export interface OwnDescription {
  readonly version: string;
  /** The head of each pool as `host:port`; `undefined` while it has none. */
  readonly heads: ReadonlyMap<string, string | undefined>;
}

const SERVICE_NAME = "headwaiter";

/** A fleet of 10,000 agents has 1,000 checks a second, each asked by the Consul agent of its own machine. */
const ASKED = { intervalMs: 10_000, timeoutMs: 2_000 };

/** Told every 10 s: two reports may get lost before a living agent counts as dead. */
const TOLD = { ttlMs: 30_000 };

/**
 * Longer than a machine takes to restart, so that its agent shows as critical meanwhile; then its registration goes.
 */
const REAP_AFTER_MS = 30 * 60_000;

/** Consul's bounds: 64 keys, values of 512 bytes. One key is the version, one counts the pools without a key. */
const MAX_HEADS = 62;
const LONGEST_VALUE = 500;

/**
 * The agent as a service of Consul. Two checks, because a living agent whose pools have no head must not be dropped:
 * `alive` is told by the agent to whatever Consul it reaches, and only that one makes Consul drop a dead agent;
 * `readiness` is asked by a Consul agent on this machine, and told to any other, and to all where HTTP has no port.
 */
export function ownService(
  place: OwnPlace,
  way: WayToConsul,
  description: OwnDescription,
): ServiceDefinition {
  const { listen, advertise } = place;
  const listener = "socket" in listen ? undefined : listen;
  const host = advertise?.host ?? (listener && usableByOthers(listener.host)) ?? way.ourAddress;
  const port = advertise?.port ?? listener?.port;
  const own = "socket" in listen ? asPartOfId(`unix${listen.socket}`) : listen.host;
  const where = port === undefined ? own : joinHostPort(host ?? own, port);
  const id = `${SERVICE_NAME}-${asPartOfId(place.hostname)}-${where}`;
  const readiness = { id: `${id}:readiness`, name: "readiness" } as const;
  return {
    id,
    name: SERVICE_NAME,
    ...(host === undefined ? {} : { address: host }),
    ...(port === undefined ? {} : { port }),
    meta: metaOf(description),
    checks: [
      { id: `${id}:alive`, name: "alive", kind: "ttl", ...TOLD, reapAfterMs: REAP_AFTER_MS },
      way.isLocal && listener !== undefined
        ? { ...readiness, kind: "http", url: localUrl(listener, place.readinessPath), ...ASKED }
        : { ...readiness, kind: "ttl", ...TOLD },
    ],
  };
}

function asPartOfId(text: string): string {
  return text.replaceAll(/[^\w.-]/g, "-");
}

/** The address, unless it stands for all addresses or means something on this machine only. */
function usableByOthers(host: string): string | undefined {
  const range = ipaddr.process(host).range();
  return range === "unspecified" || range === "loopback" || range === "linkLocal" ? undefined : host;
}

/** Where a listener is reached from its own machine: one on all addresses, at loopback. */
function localUrl({ host, port }: HostPort, path: string): string {
  const address = ipaddr.process(host);
  const loopback = address.kind() === "ipv6" ? "::1" : "127.0.0.1";
  const reached = address.range() === "unspecified" ? loopback : host;
  return `http://${joinHostPort(reached, port)}${path}`;
}

/** What does not fit into Consul's metadata is left out and counted: it must not make the registration fail. */
function metaOf({ version, heads }: OwnDescription): Readonly<Record<string, string>> {
  const shown = [...heads].slice(0, MAX_HEADS);
  const leftOut = heads.size - shown.length;
  return {
    version,
    ...Object.fromEntries(
      shown.map(([pool, head]) => [`head_${pool}`, printable(head ?? "", LONGEST_VALUE)]),
    ),
    ...(leftOut === 0 ? {} : { heads_left_out: String(leftOut) }),
  };
}
