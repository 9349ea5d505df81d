/** One pool: its list, the sources that feed it, and the monitor that watches its head. */
import type { Config, PoolConfig } from "../config/schema.ts";
import type { Clock, Logger, Random, Resolver } from "../core/ports.ts";
import { RpcProxy } from "../core/rpc-proxy.ts";
import type { ServerEndpoint } from "../core/server-endpoint.ts";
import type { SourceWarning } from "../core/source-warning.ts";
import { ConnectionPinger } from "../net/connection/connection-pinger.ts";
import type { Connector } from "../net/connection/held-connection.ts";
import { TcpConnection } from "../net/connection/tcp-connection.ts";
import type { ConsulCatalog } from "../net/consul/catalog.ts";
import { nomadConnector } from "../net/nomad/nomad-connector.ts";
import { nomadHeartbeat } from "../net/nomad/nomad-heartbeat.ts";
import { nomadRegion } from "../net/nomad/nomad-region.ts";
import { ConsulWatcher } from "../sources/consul/consul-watcher.ts";
import { DEFAULT_CONSUL_WATCH } from "../sources/consul/watch-config.ts";
import { watchWarnings } from "../sources/consul/watch-status.ts";
import { FirstReports, type FirstSource } from "../sources/first-reports.ts";
import { type HealthConfig, HealthMonitor, type HealthPorts } from "../sources/health/health-monitor.ts";
import { Hearsay, neverAsks } from "../sources/health/hearsay.ts";
import { PenalisingPinger } from "../sources/health/penalising-pinger.ts";
import { Penalties } from "../sources/health/penalties.ts";
import { AskedHeartbeats } from "../sources/heartbeat/asked-heartbeats.ts";
import type { Contact } from "../sources/heartbeat/contact.ts";
import { PushedHeartbeats } from "../sources/heartbeat/pushed-heartbeats.ts";
import { hearingRegion, hearingRegionOf, RegionGate } from "../sources/region/region-gate.ts";
import { StaticServers } from "../sources/static-servers.ts";
import { silentLogger } from "../system-ports.ts";
import { nomadTls } from "./nomad-tls.ts";
import { NomadToken } from "./nomad-token.ts";

/** The API version that this program speaks: the newest that Nomad servers have announced. */
const RPC_VERSION = { rpcMajorVersion: 1, rpcMinorVersion: 1 };

export interface PoolPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly resolver: Resolver;
  readonly logger: Logger;
  /** One Consul client serves all pools. */
  readonly catalog: ConsulCatalog;
  /** Called when the last source has reported for the first time, and there is no server. */
  readonly started: () => void;
}

/** What of the agent's configuration every pool shares. */
type Place = Pick<Config, "datacenter" | "region">;

/** Everything that belongs to one pool, started and stopped together. */
export class Pool {
  readonly name: string;
  readonly proxy: RpcProxy;
  /** Absent when the pool takes no pushed heartbeats. */
  readonly pushed: PushedHeartbeats | undefined;
  readonly #static: StaticServers;
  readonly #watcher: ConsulWatcher | undefined;
  readonly #heartbeats: AskedHeartbeats | undefined;
  readonly #token: NomadToken | undefined;
  readonly #health: HealthMonitor | Hearsay;
  readonly #firstReports: FirstReports;
  /** Absent when the servers are not dialled, or don't speak Nomad's RPC. */
  readonly #gate: RegionGate | undefined;
  #running: AbortController | undefined;

  /** @throws AgentError when a file that the configuration names can't be read. */
  constructor(name: string, config: PoolConfig, { datacenter, region }: Place, ports: PoolPorts) {
    const { catalog, started, ...shared } = ports;
    const tls = nomadTls(config.tls);
    const penalties = new Penalties(ports.clock);
    const onOtherRegion = (server: ServerEndpoint, own?: string) => this.#gate?.bar(server, own);
    const plain = connectorOf(config, region, tls);
    const connector = plain && hearingRegion(plain, onOtherRegion);
    const { timeoutMs } = config.health;
    const asks = connector === undefined ? neverAsks : new ConnectionPinger(connector, { timeoutMs });
    const pinger = new PenalisingPinger(asks, penalties);
    const identity = { datacenter, region, ...RPC_VERSION };
    const proxy = new RpcProxy(
      { ...shared, pinger },
      { ...identity, pingTimeoutMs: timeoutMs, rebalance: config.rebalance },
    );
    const health = healthOf(config.health, connector, { ...shared, proxy, penalties });
    const contactChanged = (contact: Contact) => this.#watcher?.setOrphaned(contact === "orphaned");
    const firstReports = new FirstReports(firstSourcesOf(config), started);
    const from = (source: FirstSource) => () => {
      firstReports.arrived(source);
    };
    proxy.subscribe(({ head }) => {
      if (head !== undefined) {
        firstReports.end();
      }
    });
    const connectionTo = (key: string) => health.connectionTo(key);
    const token = config.heartbeat === "nomad" ? new NomadToken(config, shared) : undefined;
    // Heartbeats tell when its file is away or it is withheld.
    const silentToken = token && new NomadToken(config, { ...shared, logger: silentLogger });
    this.name = name;
    this.proxy = proxy;
    this.pushed =
      config.heartbeat === "push"
        ? new PushedHeartbeats({ ...shared, proxy, contactChanged, reported: from("push") })
        : undefined;
    this.#static = new StaticServers(proxy, shared, config.servers);
    this.#watcher =
      config.backups === undefined
        ? undefined
        : new ConsulWatcher(
            { ...shared, catalog, sink: proxy, reported: from("consul") },
            { ...DEFAULT_CONSUL_WATCH, ...config.backups },
          );
    this.#heartbeats =
      token &&
      new AskedHeartbeats({
        ...shared,
        proxy,
        query: hearingRegionOf(
          nomadHeartbeat(token, identity, tls, { ...shared, connectionTo }),
          onOtherRegion,
        ),
        contactChanged,
      });
    this.#token = token;
    this.#health = health;
    this.#firstReports = firstReports;
    this.#gate =
      config.ping === "nomad" || (config.ping === "tcp" && config.heartbeat === "nomad")
        ? new RegionGate(
            { ...shared, proxy, query: nomadRegion(silentToken, identity, tls, timeoutMs) },
            region,
          )
        : undefined;
  }

  /** There was no server yet, and one may come at any moment: a source has yet to report for the first time. */
  get isStarting(): boolean {
    return !this.#firstReports.areComplete;
  }

  /** What an operator should know of the pool's sources for as long as it lasts. */
  warnings(): readonly SourceWarning[] {
    const ofConsul = this.#watcher === undefined ? [] : watchWarnings(this.#watcher.status());
    return [...ofConsul, ...(this.#gate?.warnings() ?? []), ...(this.#token?.warnings() ?? [])];
  }

  /** Nothing waits here: what is not reachable yet is tried again. */
  start(): void {
    if (this.#running === undefined) {
      this.#running = new AbortController();
      this.pushed?.start();
      this.#static.start();
      this.#watcher?.start();
      this.#heartbeats?.start();
      this.#health.start();
      this.#gate?.start();
      void this.proxy.run(this.#running.signal);
    }
  }

  /** Leaves no connection, query or timer. */
  async stop(): Promise<void> {
    this.#running?.abort();
    this.#running = undefined;
    this.#gate?.stop();
    this.#health.stop();
    this.#heartbeats?.stop();
    this.pushed?.stop();
    this.#static.stop();
    await this.#watcher?.stop();
  }
}

/** Configured servers are waited for until one is listed: a name may get its address at any moment. */
function firstSourcesOf({ servers, backups, heartbeat }: PoolConfig): readonly FirstSource[] {
  return [
    ...(servers.length > 0 ? (["static"] as const) : []),
    ...(backups === undefined ? [] : (["consul"] as const)),
    ...(heartbeat === "push" ? (["push"] as const) : []),
  ];
}

function healthOf(
  config: HealthConfig,
  connector: Connector | undefined,
  ports: Omit<HealthPorts, "connector"> & { readonly proxy: RpcProxy },
): HealthMonitor | Hearsay {
  return connector === undefined
    ? new Hearsay(ports.proxy, ports.penalties)
    : new HealthMonitor({ ...ports, connector }, config);
}

/** `undefined`: servers are not dialled. */
function connectorOf(
  { ping }: PoolConfig,
  region: string,
  tls: ReturnType<typeof nomadTls>,
): Connector | undefined {
  switch (ping) {
    case "none":
      return undefined;
    case "tcp":
      return { open: (endpoint, options) => TcpConnection.open(endpoint, options) };
    case "nomad":
      return nomadConnector({ region, tls });
  }
}
