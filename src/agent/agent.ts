/**
 * The composition root: constructs everything, starts in order, stops in reverse. More than 250 lines, because it wires
 * every part.
 */
import { randomUUID } from "node:crypto";
import type { Worker } from "node:worker_threads";
import type { ListenAddress } from "../config/address.ts";
import { type Config, optionsOf } from "../config/schema.ts";
import { Journal } from "../core/journal.ts";
import type { AgentEvent } from "../core/journal-event.ts";
import { LookUps } from "../core/look-ups.ts";
import { joinHostPort } from "../core/rpc-addr.ts";
import { Running } from "../core/running.ts";
import { wallTimeOf } from "../core/time/wall-time.ts";
import { Timeline } from "../core/timeline/timeline.ts";
import { ConsulClient } from "../net/consul/consul-client.ts";
import { DnsResolver } from "../net/names/dns-resolver.ts";
import { systemClock, systemRandom } from "../system-ports.ts";
import { DnsServer } from "../views/dns/dns-server.ts";
import { MAX_FORWARDS } from "../views/dns/thread/forwarder.ts";
import { type HttpPlace, shownPlace } from "../views/http/http-listener.ts";
import { HttpServer } from "../views/http/http-server.ts";
import { logJournal, type PartLogger } from "../views/log-lines.ts";
import type { Metrics } from "../views/metrics/metrics.ts";
import { agentMetrics } from "./agent-metrics.ts";
import { ClockWatch } from "./clock-watch.ts";
import { FigureWatch } from "./figure-watch.ts";
import { LoopDelay } from "./loop-delay.ts";
import { Memory } from "./memory.ts";
import { demandOf } from "./on-demand-settings.ts";
import { clientLimits, openFiles } from "./open-files.ts";
import { type ChangingParts, otherSettings } from "./other-settings.ts";
import { prepareOwnDirectory } from "./own-directory.ts";
import { OwnRegistration } from "./own-registration.ts";
import { PoolUses } from "./pool-uses.ts";
import { Pools } from "./pools.ts";
import { PoolsOnDemand } from "./pools-on-demand.ts";
import { placeOf } from "./reload-plan.ts";
import { type ConfigSource, type PreparedConfig, Reloads } from "./reloads.ts";
import { VERSION } from "./version.ts";

/** The whole agent: DNS first, so that it answers, or is known not to, before anything else starts. */
export class Agent {
  #config: Config;
  readonly #logger: PartLogger;
  readonly #consul: ConsulClient;
  readonly #changing: ChangingParts;
  readonly #registration: OwnRegistration;
  readonly #reloads: Reloads;
  /** Of this process before anything of the agent was open. */
  readonly #openFiles = openFiles();
  readonly #pools: Pools;
  readonly #onDemand: PoolsOnDemand;
  readonly #dns: DnsServer;
  readonly #http: HttpServer;
  readonly #clockWatch: ClockWatch;
  readonly #figureWatch: FigureWatch;
  /** What is begun once all else has started. */
  readonly #running = new Running();
  readonly #journal: Journal;
  readonly #timeline: Timeline;
  readonly #metrics: Metrics;
  readonly #memory: Memory;
  #isRunning = false;
  #endLog: () => void = () => undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #stopWaitsFor: string | undefined;

  /**
   * @param configureLog sets how the log is written, when a reload changes that.
   * @param loading a thread for DNS that loads already: see `startThread`.
   * @throws AgentError when a certificate or key that a pool names can't be read, or too few files may be open.
   */
  constructor(
    source: ConfigSource,
    logger: PartLogger,
    configureLog: (log: Config["log"]) => void = () => undefined,
    loading?: Worker,
  ) {
    const config = optionsOf(source.settings);
    const instance = randomUUID();
    const loopDelay = new LoopDelay(systemClock);
    const { clock } = loopDelay;
    const uses = new PoolUses(clock);
    this.#config = config;
    this.#logger = logger;
    this.#consul = new ConsulClient({ ...config.consul, logger: logger.child({ name: "agent.consul" }) });
    this.#journal = new Journal(clock, logger);
    this.#timeline = new Timeline(wallTimeOf(clock), logger);
    this.#timeline.follow(this.#journal);
    const note = (event: AgentEvent) => {
      this.#journal.note(event);
    };
    this.#metrics = agentMetrics({
      journal: this.#journal,
      clock,
      pools: () => this.#pools.configured(),
      onDemand: () => this.#onDemand,
      dns: () => this.#dns,
      isReady: () => this.#http.readiness().ready,
      config: () => this.#reloads.status(),
      timeline: this.#timeline,
      loopDelay,
      stateFile: () => this.#memory.status(),
    });
    const resolver = new DnsResolver(config.resolver);
    this.#pools = new Pools(config.pools, placeOf(config), {
      clock,
      random: systemRandom,
      resolver: new LookUps(resolver),
      catalog: this.#consul,
      uses,
      loggerOf: (pool) => logger.child({ name: `agent.pool.${pool}` }),
      noteOf: (pool) => this.#journal.of(pool),
      observerOf: (pool) => this.#metrics.observerOf(pool),
      changed: () => {
        this.#show();
      },
    });
    this.#onDemand = new PoolsOnDemand(config.onDemand, {
      pools: this.#pools,
      dns: () => this.#dns,
      catalog: this.#consul,
      clock,
      logger: logger.child({ name: "agent.consul" }),
    });
    const clients = this.#clientLimits(config);
    this.#dns = new DnsServer({
      ...config.dns,
      demand: demandOf(config),
      wanted: (pool) => {
        this.#onDemand.wanted(pool);
      },
      uses: uses.memory,
      asked: (slot) => {
        uses.asked(slot);
      },
      tcpConnections: clients.dnsTcp,
      loading,
      logger: logger.child({ name: "agent.dns" }),
      clock,
      note,
      onPublished: () => {
        this.#metrics.published();
      },
    });
    this.#clockWatch = new ClockWatch(clock, note);
    this.#figureWatch = new FigureWatch({
      clock,
      pools: () => this.#pools.byName,
      dnsQueries: () => this.#dns.queries(),
    });
    this.#reloads = new Reloads(source, {
      prepare: (next) => this.#prepare(next),
      configureLog,
      isStopping: () => this.#stopping !== undefined,
      ended: () => this.#pools.removedHaveEnded(),
      note,
      noteOf: (pool) => this.#journal.of(pool),
      clock,
      logger,
    });
    this.#http = new HttpServer({
      ...config.http,
      maxConnections: clients.http,
      logger: logger.child({ name: "agent.http" }),
      dnsState: () => this.#dns.state().kind,
      dns: () => ({
        addresses: this.dnsAddresses().map(({ host, port }) => joinHostPort(host, port)),
        domain: config.dns.domain,
        listener: this.#dns.listener(),
      }),
      isStopping: () => this.#stopping !== undefined,
      dnsAnswer: (pool) => this.#dns.answerOf(pool),
      beginReading: () => uses.beginReading(),
      figures: (pools) => this.#figureWatch.figuresOf(pools),
      clock,
      timeline: this.#timeline,
      identity: { version: VERSION, instance },
      configuration: this.#reloads,
      datacenter: () => this.#config.datacenter,
      pools: this.#pools.byName,
      metrics: this.#metrics,
    });
    this.#registration = new OwnRegistration(config, {
      http: this.#http,
      listen: () => this.#httpPlace(),
      heads: () => this.heads(),
      logger: logger.child({ name: "agent.consul" }),
    });
    this.#memory = new Memory({
      directory: config.dataDirectory,
      maxAgeMs: config.state.maxAgeMs,
      pools: () => this.#pools.byName,
      revive: (pool) => {
        this.#onDemand.revive(pool);
      },
      timeline: this.#timeline,
      journal: this.#journal,
      clock,
      logger,
      instance,
      configHash: () => this.#reloads.status().hash,
    });
    this.#changing = {
      consul: this.#consul,
      resolver,
      dns: this.#dns,
      http: this.#http,
      pools: this.#pools,
      onDemand: this.#onDemand,
      memory: this.#memory,
      registration: this.#registration,
    };
  }

  /**
   * Idempotent. Resolves early, with nothing started any more, when `stop` is called meanwhile.
   * @throws AgentError, DnsServerError or HttpListenError, with nothing left running, when a directory or an address
   * can't be had.
   */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Leaves no socket, timer or thread behind. Idempotent; an agent that was stopped does not start again. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Reads the configuration anew, and goes on with it unless it can't be used. Both are told. */
  async reload(): Promise<void> {
    await this.#reloads.request();
  }

  /** What a stop under way waits for. */
  stopWaitsFor(): string | undefined {
    return this.#stopWaitsFor;
  }

  /** The head of each configured pool by the pool's name, `host:port`. */
  heads(): ReadonlyMap<string, string | undefined> {
    return new Map([...this.#pools.configured()].map(([name, { proxy }]) => [name, proxy.findServer()?.key]));
  }

  /** Where DNS is served; empty before the start and after the end. */
  dnsAddresses(): readonly ListenAddress[] {
    return this.#dns.addresses();
  }

  /** Gives free memory of the process back to the system, where it can: no answer waits longer than a millisecond. */
  trimMemory(): void {
    this.#dns.trimMemory();
  }

  async #start(): Promise<void> {
    prepareOwnDirectory(this.#config.dataDirectory, this.#logger);
    this.#endLog = logJournal(this.#journal, this.#logger);
    try {
      this.#memory.open();
      this.#show();
      if (this.#stopping === undefined) {
        await this.#dns.start();
      }
      if (this.#stopping === undefined) {
        this.#pools.start();
        // Last: DNS does not wait until it has loaded.
        await this.#http.start();
      }
    } catch (error) {
      await this.#end();
      throw error;
    }
    if (this.#stopping === undefined) {
      this.#started();
    }
  }

  #started(): void {
    this.#isRunning = true;
    this.#memory.keep();
    this.#follow();
    const { consul } = this.#config;
    this.#journal.note({ kind: "agent-started", version: VERSION });
    const dns = this.dnsAddresses().map(({ host, port }) => joinHostPort(host, port));
    this.#logger.info(
      { dns: dns.join(" "), http: shownPlace(this.#httpPlace()), consul: consul.address },
      "agent started",
    );
  }

  #follow(): void {
    if (this.#isRunning && this.#stopping === undefined) {
      this.#running.follow([
        this.#clockWatch,
        this.#figureWatch,
        this.#onDemand,
        ...this.#registration.parts,
      ]);
    }
  }

  /** @throws AgentError or ConsulError when a file can't be used; nothing has changed then. */
  #prepare(config: Config): PreparedConfig {
    this.#clientLimits(config);
    const { pools, swap } = otherSettings(this.#changing, this.#config, config);
    return {
      pools,
      swap: () => {
        this.#config = config;
        swap();
        this.#follow();
      },
    };
  }

  /** @throws AgentError when too few files may be open for these pools. */
  #clientLimits({ dns, onDemand, pools }: Config) {
    return clientLimits(this.#openFiles, {
      pools: Object.keys(pools).length + (onDemand?.maxPools ?? 0),
      dnsThreads: dns.sockets,
      dnsAddresses: dns.listen.length,
      dnsForwards: dns.consulNames?.forwardTo === undefined ? 0 : MAX_FORWARDS,
    });
  }

  /** A start on its way is waited for: what it has begun to open could not be closed. */
  async #stop(): Promise<void> {
    this.#journal.note({ kind: "agent-stopping" });
    this.#stopWaitsFor = "the start";
    await this.#starting?.catch(() => undefined);
    await this.#end();
  }

  async #end(): Promise<void> {
    const steps: readonly [string, () => Promise<unknown>][] = [
      ["the registration in Consul", () => this.#running.end()],
      ["the state file", () => this.#memory.close()],
      ["the pools", () => this.#pools.stop()],
      ["the connections to Consul", () => this.#consul.close()],
      ["HTTP", () => this.#http.stop()],
      ["DNS", () => this.#dns.stop()],
    ];
    for (const [what, end] of steps) {
      this.#stopWaitsFor = what;
      await end();
    }
    this.#stopWaitsFor = undefined;
    this.#endLog();
  }

  #httpPlace(): HttpPlace {
    return this.#http.place() ?? this.#config.http.address;
  }

  /** The views follow the pools themselves: called when pools come or go. */
  #show(): void {
    this.#dns.show([...this.#pools.byName.values()]);
    this.#metrics.keep(new Set(this.#pools.configured().keys()));
    this.#figureWatch.keep(new Set(this.#pools.byName.keys()));
  }
}
