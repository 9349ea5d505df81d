/** What is made from a pool's settings. What outlives them is in `pool.ts`. */
import { isDeepStrictEqual } from "node:util";
import type { PoolConfig } from "../config/schema.ts";
import type { SourceLimits } from "../core/feedback.ts";
import type { Note } from "../core/journal-event.ts";
import type { Clock, Logger, Pinger, Random, Resolver } from "../core/ports.ts";
import type { Observe } from "../core/routine.ts";
import type { RpcProxy } from "../core/rpc-proxy.ts";
import type { ServerEndpoint } from "../core/server-endpoint.ts";
import { ConnectionPinger } from "../net/connection/connection-pinger.ts";
import type { Connector, HeldConnection } from "../net/connection/held-connection.ts";
import { observedPing } from "../net/connection/ping-result.ts";
import { TcpConnection } from "../net/connection/tcp-connection.ts";
import type { ConsulCatalog } from "../net/consul/catalog.ts";
import { nomadConnector } from "../net/nomad/nomad-connector.ts";
import { nomadHeartbeat } from "../net/nomad/nomad-heartbeat.ts";
import { nomadRegion } from "../net/nomad/nomad-region.ts";
import type { NomadTls } from "../net/nomad/tls-handshake.ts";
import { ConsulWatcher } from "../sources/consul/consul-watcher.ts";
import { DEFAULT_CONSUL_WATCH } from "../sources/consul/watch-config.ts";
import type { FirstSource } from "../sources/first-reports.ts";
import { HealthMonitor } from "../sources/health/health-monitor.ts";
import { Hearsay, neverAsks } from "../sources/health/hearsay.ts";
import type { Penalties } from "../sources/health/penalties.ts";
import { AskedHeartbeats } from "../sources/heartbeat/asked-heartbeats.ts";
import type { Contact, KnownContact } from "../sources/heartbeat/contact.ts";
import { PushedHeartbeats } from "../sources/heartbeat/pushed-heartbeats.ts";
import { hearingRegion, hearingRegionOf, RegionGate } from "../sources/region/region-gate.ts";
import { StaticServers } from "../sources/static-servers.ts";
import { silentLogger } from "../system-ports.ts";
import { nomadTls } from "./nomad-tls.ts";
import { NomadToken } from "./nomad-token.ts";
import type { PoolUses } from "./pool-uses.ts";
import { changedParts, PART_NAMES, type PartName, type Place } from "./reload-plan.ts";

/** The API version that this program speaks: the newest that Nomad servers have announced. */
export const RPC_VERSION = { rpcMajorVersion: 1, rpcMinorVersion: 1 };

export interface PoolPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly resolver: Resolver;
  readonly logger: Logger;
  /** Takes what is noteworthy of the pool. */
  readonly note: Note;
  /** Takes what the journal leaves out. */
  readonly observe?: Observe | undefined;
  /** How often each source may report failures: of all pools together. */
  readonly reportLimits: SourceLimits;
  /** One Consul client serves all pools. */
  readonly catalog: ConsulCatalog;
  /** Whether a question starts the pool. */
  readonly onDemand?: boolean | undefined;
  /** Which pools are asked for. */
  readonly uses: PoolUses;
}

/** What the parts ask of the pool and of the world. */
export interface PartPorts extends PoolPorts {
  readonly place: Place;
  readonly proxy: RpcProxy;
  readonly penalties: Penalties;
  /** What the parts before these knew of contact. */
  readonly contact: KnownContact;
  readonly contactChanged: (contact: Contact) => void;
  /** Makes what is called when this source has reported. */
  readonly reported: (source: FirstSource) => () => void;
  /** A server said that it is of another region. */
  readonly onOtherRegion: (server: ServerEndpoint, own?: string) => void;
  /** Of health, as it is set now: milliseconds. */
  readonly timeoutMs: () => number;
  readonly connectionTo: (key: string) => HeldConnection | undefined;
  /** Nobody asks for the pool. */
  readonly isIdle: () => boolean;
  /** Servers were found down, or have answered again. */
  readonly findingsChanged: () => void;
}

/** An immutable bundle: other settings make another one, which shares the parts that are the same in both. */
export interface PoolSources {
  readonly config: PoolConfig;
  readonly place: Place;
  readonly tls: NomadTls | undefined;
  /** Absent when servers are not dialled. */
  readonly connector: Connector | undefined;
  /** Of rebalances. */
  readonly pinger: Pinger;
  /** Absent when servers are not asked for heartbeats. */
  readonly token: NomadToken | undefined;
  readonly static: StaticServers;
  readonly consul: ConsulWatcher | undefined;
  readonly heartbeat: AskedHeartbeats | PushedHeartbeats | undefined;
  readonly health: HealthMonitor | Hearsay;
  /** Absent when the servers are not dialled, or don't speak Nomad's RPC. */
  readonly region: RegionGate | undefined;
}

/**
 * Makes what these settings ask for, and takes over from `before` what they leave as it is. Starts nothing.
 * @throws AgentError when a file that the settings name can't be read; nothing changed then.
 */
export function poolSources(config: PoolConfig, ports: PartPorts, before?: PoolSources): PoolSources {
  const tls = nomadTls(config.tls);
  const changed =
    before === undefined
      ? new Set(PART_NAMES)
      : changedParts(
          { ...before.config, ...before.place, tls: before.tls },
          { ...config, ...ports.place, tls },
        );
  const made = <Name extends PartName>(part: Name, make: () => PoolSources[Name]): PoolSources[Name] =>
    before === undefined || changed.has(part) ? make() : before[part];
  const isNewConnector = before === undefined || changed.has("health");
  const connector = isNewConnector ? connectorOf(config, ports, tls) : before.connector;
  const { timeoutMs } = config.health;
  const token = changed.has("heartbeat") ? tokenOf(config, ports) : before?.token;
  return {
    config,
    place: ports.place,
    tls,
    connector,
    pinger: connector === undefined ? neverAsks : pingerOf(connector, timeoutMs, ports),
    token,
    static: before?.static ?? new StaticServers(ports.proxy, ports, config.servers),
    consul: made("consul", () => consulOf(config, ports, before?.consul)),
    heartbeat: made("heartbeat", () => heartbeatOf(config, { ...ports, tls, token })),
    health: made("health", () => healthOf(config, { ...ports, connector }, before?.health)),
    region: made("region", () => regionOf(config, { ...ports, tls })),
  };
}

/** Whether a pool with these would go on as it is. */
export function isSameBundle(one: PoolSources, other: PoolSources): boolean {
  return (
    PART_NAMES.every((part) => one[part] === other[part]) &&
    isDeepStrictEqual([one.config, one.place], [other.config, other.place])
  );
}

/** The parts that live, in the order in which they begin. */
export function partsOf({ consul, health, heartbeat, region, static: servers }: PoolSources) {
  return [heartbeat, servers, consul, health, region].filter((part) => part !== undefined);
}

function connectorOf(
  { ping }: PoolConfig,
  { onOtherRegion, place }: PartPorts,
  tls: NomadTls | undefined,
): Connector | undefined {
  switch (ping) {
    case "none":
      return undefined;
    case "tcp":
      return hearingRegion({ open: (server, options) => TcpConnection.open(server, options) }, onOtherRegion);
    case "nomad":
      return hearingRegion(nomadConnector({ region: place.region, tls }), onOtherRegion);
  }
}

function pingerOf(connector: Connector, timeoutMs: number, { observe }: PartPorts): Pinger {
  const pinger = new ConnectionPinger(connector, { timeoutMs });
  return {
    ping: (server, context) =>
      observedPing(pinger.ping(server, context), (result) => {
        observe?.({ kind: "pinged", role: "candidate", server: server.key, result });
      }),
  };
}

function tokenOf(config: PoolConfig, ports: PartPorts): NomadToken | undefined {
  return config.heartbeat === "nomad" ? new NomadToken(config, ports) : undefined;
}

function consulOf(
  { backups }: PoolConfig,
  ports: PartPorts,
  before: ConsulWatcher | undefined,
): ConsulWatcher | undefined {
  if (backups === undefined) {
    return undefined;
  }
  const watcher = new ConsulWatcher(
    { ...ports, sink: ports.proxy, reported: ports.reported("consul") },
    { ...DEFAULT_CONSUL_WATCH, ...backups },
    before?.known(),
  );
  watcher.setOrphaned(ports.contact.contact === "orphaned");
  return watcher;
}

function heartbeatOf(
  { heartbeat }: PoolConfig,
  ports: PartPorts & { readonly tls: NomadTls | undefined; readonly token: NomadToken | undefined },
): AskedHeartbeats | PushedHeartbeats | undefined {
  const { onOtherRegion, place, tls, token } = ports;
  if (token === undefined) {
    return heartbeat === "push"
      ? new PushedHeartbeats({ ...ports, reported: ports.reported("push") })
      : undefined;
  }
  const query = nomadHeartbeat(token, { ...place, ...RPC_VERSION }, tls, ports);
  return new AskedHeartbeats({ ...ports, query: hearingRegionOf(query, onOtherRegion) });
}

function healthOf(
  { health }: PoolConfig,
  ports: PartPorts & { readonly connector: Connector | undefined },
  before: HealthMonitor | Hearsay | undefined,
): HealthMonitor | Hearsay {
  const { connector, penalties, proxy } = ports;
  return connector === undefined
    ? new Hearsay(proxy, penalties)
    : new HealthMonitor({ ...ports, connector }, health, before?.known());
}

function regionOf(
  config: PoolConfig,
  ports: PartPorts & { readonly tls: NomadTls | undefined },
): RegionGate | undefined {
  const { heartbeat, ping } = config;
  const { place, timeoutMs, tls } = ports;
  if (!(ping === "nomad" || (ping === "tcp" && heartbeat === "nomad"))) {
    return undefined;
  }
  // Heartbeats tell when its file is away or it is withheld.
  const token = tokenOf(config, { ...ports, logger: silentLogger });
  const query = nomadRegion(token, { ...place, ...RPC_VERSION }, tls, timeoutMs);
  return new RegionGate({ ...ports, query }, place.region);
}
