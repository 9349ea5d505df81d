/**
 * One pool: its list, and what else outlives a configuration. What is made from settings is in `pool-sources.ts`.
 *
 * More than 250 lines, because all that a pool keeps while its settings change is to be seen in one place.
 */
import type { PoolConfig } from "../config/schema.ts";
import type { FailureReport, ReportAnswer } from "../core/feedback.ts";
import {
  listStateOf,
  type PoolView,
  type Ready,
  type ShownPool,
  type WatchedAddress,
} from "../core/pool-view.ts";
import { RpcProxy } from "../core/rpc-proxy.ts";
import { Running } from "../core/running.ts";
import type { Snapshot } from "../core/snapshot.ts";
import type { SourceWarning } from "../core/source-warning.ts";
import { FirstReports } from "../sources/first-reports.ts";
import { Feedback } from "../sources/health/feedback.ts";
import { FoundLately } from "../sources/health/found-lately.ts";
import { HealthMonitor } from "../sources/health/health-monitor.ts";
import { Penalties } from "../sources/health/penalties.ts";
import type { Contact, KnownContact } from "../sources/heartbeat/contact.ts";
import { PushedHeartbeats } from "../sources/heartbeat/pushed-heartbeats.ts";
import { RememberedServers } from "../sources/remembered-servers.ts";
import type { RememberedPool } from "../state/state-body.ts";
import { consulServiceOf } from "./consul-service.ts";
import { newsOf, notingKept } from "./pool-news.ts";
import { firstSourcesOf, forgottenBy, keysOf } from "./pool-settings.ts";
import {
  isSameBundle,
  type PartPorts,
  type PoolPorts,
  type PoolSources,
  partsOf,
  poolSources,
  RPC_VERSION,
} from "./pool-sources.ts";
import type { PoolUse } from "./pool-use.ts";
import { dueOf, lastHeartbeatOf, poolState, shownSettings, sourceStatuses, watchedOf } from "./pool-view.ts";
import type { Place } from "./reload-plan.ts";

/**
 * A pool lives in five steps:
 * 1. Made: its list is empty, its parts are made of its settings. A file that can't be read fails here.
 * 2. Started: the parts run, and tell the list.
 * 3. Given other settings: parts that the settings change are made anew first; if that fails, nothing has changed.
 * 4. Then the old ones are stopped and the new ones started, in one turn. The list and its history, penalties, what
 *    health knows of servers, and contact stay.
 * 5. Stopped: no connection, query or timer is left.
 */
export class Pool implements ShownPool, Ready {
  readonly name: string;
  /** Whether a question started it. */
  readonly onDemand: boolean;
  readonly proxy: RpcProxy;
  readonly remembered: RememberedServers;
  readonly foundDown: FoundLately;
  readonly #ports: PoolPorts;
  readonly #penalties: Penalties;
  readonly #feedback: Feedback;
  readonly #firstReports: FirstReports;
  readonly #stateListeners = new Set<() => void>();
  #contact: Contact = "held";
  #sources: PoolSources;
  readonly #running = new Running();
  #use: PoolUse | undefined;
  #isRunning = false;

  /** @throws AgentError when a file that the configuration names can't be read. */
  constructor(name: string, config: PoolConfig, place: Place, ports: PoolPorts) {
    this.name = name;
    this.onDemand = ports.onDemand === true;
    this.#ports = ports;
    this.#penalties = new Penalties(ports.clock);
    this.#firstReports = new FirstReports(firstSourcesOf(config), () => {
      this.#tellState();
    });
    this.proxy = new RpcProxy(
      {
        ...ports,
        pinger: { ping: (server, context) => this.#sources.pinger.ping(server, context) },
        observe: notingKept(ports),
        avoids: (key) => this.#penalties.isAvoided(key),
      },
      {
        datacenter: place.datacenter,
        region: place.region,
        ...RPC_VERSION,
        pingTimeoutMs: config.health.timeoutMs,
        rebalance: config.rebalance,
      },
    );
    this.proxy.subscribe((next, previous) => {
      for (const event of newsOf(next, previous)) {
        ports.note(event);
      }
      if (next.head !== undefined) {
        this.#firstReports.end();
      }
    });
    this.foundDown = new FoundLately(ports.clock, () => this.#sources.health.findings());
    this.remembered = new RememberedServers({ ...ports, proxy: this.proxy });
    this.#feedback = new Feedback({
      ...ports,
      proxy: this.proxy,
      limits: ports.reportLimits,
      checker: () => this.#monitor(),
    });
    this.#sources = poolSources(config, this.#partPorts(place, { contact: this.#contact }));
  }

  /** Takes a program's report that a server fails. Never rejects. */
  report(report: FailureReport): Promise<ReportAnswer> {
    return this.#feedback.report(report);
  }

  /** Absent when the pool takes no pushed heartbeats. */
  get pushed(): PushedHeartbeats | undefined {
    const { heartbeat } = this.#sources;
    return heartbeat instanceof PushedHeartbeats ? heartbeat : undefined;
  }

  /** Begins when it is needed: a pool that is made and never started leaves nothing behind. */
  get use(): PoolUse {
    this.#use ??= this.#ports.uses.begin(() => {
      this.#monitor()?.asked();
    });
    return this.#use;
  }

  get useSlot(): number {
    return this.use.slot;
  }

  snapshot(): Snapshot {
    return this.proxy.snapshot();
  }

  listState() {
    return listStateOf(this.snapshot(), !this.#firstReports.areComplete);
  }

  consulService() {
    return consulServiceOf(this.#sources.config);
  }

  /** Whether there is a head. */
  isReady(): boolean {
    return this.snapshot().head !== undefined;
  }

  subscribe(changed: () => void): () => void {
    const unsubscribe = this.proxy.subscribe(changed);
    this.#stateListeners.add(changed);
    return () => {
      unsubscribe();
      this.#stateListeners.delete(changed);
    };
  }

  /** What an operator should know of the pool's sources for as long as it lasts. */
  warnings(): readonly SourceWarning[] {
    return sourceStatuses(this.#sources).flatMap(({ warnings }) => warnings);
  }

  /** All that is known of the pool now. */
  view(): PoolView {
    const health = this.#sources.health.status();
    const penalised = this.#penalties.list();
    const remembered = this.remembered.status();
    return {
      name: this.name,
      onDemand: this.onDemand,
      isIdle: this.use.isIdle(),
      snapshot: this.snapshot(),
      state: poolState(this.listState(), health),
      contact: this.#contact,
      sources: sourceStatuses(this.#sources),
      remembered,
      watched: watchedOf(health),
      down: health.down,
      penalised,
      unlisted: this.proxy.unlisted(),
      ifHeadFails: health.ifHeadFails,
      disagreeing: this.#feedback.disagreeing(),
      settings: shownSettings(this.#sources.config),
      due: dueOf(this.#sources, this.proxy, { ...health, penalised, remembered }),
      history: this.proxy.history(),
    };
  }

  /** The addresses that a connection is held to. */
  watchedAddresses(): readonly WatchedAddress[] {
    return this.#sources.health.watchedAddresses();
  }

  /** Takes the last known list, before the start; what only the configuration named counts if it still does. */
  restore({ saved_at, servers }: RememberedPool, maxAgeMs: number): void {
    const configured = keysOf(this.#sources.config.servers);
    const counted = servers.filter(({ address, configured: was }) => was !== true || configured.has(address));
    this.remembered.restore({ savedAt: Date.parse(saved_at), servers: counted }, maxAgeMs);
  }

  /** Nothing waits here: what is not reachable yet is tried again. */
  start(): void {
    this.#isRunning = true;
    this.#follow();
  }

  /**
   * Makes what other settings ask for, or other contents of the files that they name. The head stays, and so do the
   * parts that the settings leave as they are.
   * @returns the function that goes on with them, in one turn and without fail; `undefined` when all is the same.
   * @throws AgentError when a file that they name can't be read; nothing has changed then.
   */
  prepare(config: PoolConfig, place: Place): (() => void) | undefined {
    const contact = { contact: this.#contact, lostAt: this.#sources.heartbeat?.due().contactLostAt };
    const sources = poolSources(config, this.#partPorts(place, contact), this.#sources);
    if (isSameBundle(sources, this.#sources)) {
      return undefined;
    }
    return () => {
      const before = this.#sources;
      this.#sources = sources;
      this.#endOutageOf(before);
      this.#firstReports.expect(firstSourcesOf(config));
      this.proxy.configure({
        datacenter: place.datacenter,
        region: place.region,
        rebalance: config.rebalance,
        pingTimeoutMs: config.health.timeoutMs,
      });
      this.#follow();
      sources.health.configure(config.health);
      this.foundDown.look();
      // New ones first: a list that is replaced as a whole is not empty between.
      sources.static.configure(config.servers);
      this.proxy.forgetConfigured(forgottenBy(before.config, config));
      if (sources.region === undefined || place.region !== before.place.region) {
        this.#admitAll("the configuration does not ask for the region that they were barred for");
      }
      if (sources.heartbeat === undefined) {
        this.#contactChanged("held");
      }
      // It may be another service in Consul's names.
      this.#tellState();
    };
  }

  /** Leaves no connection, query or timer. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#use?.end();
    await this.#running.end();
  }

  /** The list itself runs, too: it rebalances, and keeps names fresh. */
  #follow(): void {
    if (this.#isRunning) {
      this.#running.follow([...partsOf(this.#sources), this.proxy, this.remembered, this.foundDown]);
    }
  }

  /** Nobody is left who would admit them. */
  #admitAll(reason: string): void {
    for (const { endpoint } of this.snapshot().barred.values()) {
      this.proxy.admitServer(endpoint, { source: "configuration", reason });
    }
  }

  /** Who watches from now on has not seen it; while nobody answers, a further one is told. */
  #endOutageOf({ health }: PoolSources): void {
    const since = health === this.#sources.health ? undefined : health.outageSince();
    if (since !== undefined) {
      this.#ports.note({ kind: "outage-ended", lastedMs: this.#ports.clock.now() - since });
    }
  }

  #partPorts(place: Place, contact: KnownContact): PartPorts {
    return {
      ...this.#ports,
      place,
      proxy: this.proxy,
      penalties: this.#penalties,
      contact,
      timeoutMs: () => this.#sources.config.health.timeoutMs,
      contactChanged: (contact) => {
        this.#contactChanged(contact);
      },
      reported: (source) => () => {
        this.#firstReports.arrived(source);
      },
      onOtherRegion: (server, own) => this.#sources.region?.bar(server, own),
      isIdle: () => this.use.isIdle(),
      connectionTo: (key) => this.#sources.health.connectionTo(key),
      findingsChanged: () => {
        this.foundDown.look();
      },
    };
  }

  #contactChanged(contact: Contact): void {
    if (contact !== this.#contact) {
      const lastHeartbeatAt = lastHeartbeatOf(this.#sources, this.#ports.clock);
      this.#ports.note({ kind: "contact-changed", contact, lastHeartbeatAt });
    }
    this.#contact = contact;
    this.#sources.consul?.setOrphaned(contact === "orphaned");
  }

  /** Absent when nobody watches the servers. */
  #monitor(): HealthMonitor | undefined {
    const { health } = this.#sources;
    return health instanceof HealthMonitor ? health : undefined;
  }

  #tellState(): void {
    for (const changed of this.#stateListeners) {
      changed();
    }
  }
}
