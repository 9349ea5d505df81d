/** The composition root: constructs everything, starts in order, stops in reverse. */
import { randomUUID } from "node:crypto";
import type { ListenAddress } from "../config/address.ts";
import type { Config } from "../config/schema.ts";
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
import { type HttpPlace, shownPlace } from "../views/http/http-listener.ts";
import { HttpServer } from "../views/http/http-server.ts";
import { logJournal, type PartLogger } from "../views/log-lines.ts";
import type { Metrics } from "../views/metrics/metrics.ts";
import { agentMetrics } from "./agent-metrics.ts";
import { ClockWatch } from "./clock-watch.ts";
import { LoopDelay } from "./loop-delay.ts";
import { clientLimits, openFiles } from "./open-files.ts";
import { prepareOwnDirectory } from "./own-directory.ts";
import { ownRegistration } from "./own-registration.ts";
import { Pools } from "./pools.ts";
import { VERSION } from "./version.ts";

/** Where the configuration came from, and a number that tells whether another one is the same. */
interface ConfigOrigin {
  readonly hash: string | null;
  readonly files: readonly string[];
}

/** The whole agent: DNS and HTTP first, so that a port in use is known before anything else starts. */
export class Agent {
  readonly #config: Config;
  readonly #logger: PartLogger;
  readonly #consul: ConsulClient;
  readonly #pools: Pools;
  readonly #dns: DnsServer;
  readonly #http: HttpServer;
  readonly #clockWatch: ClockWatch;
  /** What is begun once all else has started. */
  readonly #running = new Running();
  readonly #journal: Journal;
  readonly #timeline: Timeline;
  readonly #metrics: Metrics;
  readonly #loopDelay = new LoopDelay(systemClock);
  #endLog: () => void = () => undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #stopWaitsFor: string | undefined;

  /** @throws AgentError when a certificate or key that a pool names can't be read, or too few files may be open. */
  constructor(config: Config, logger: PartLogger, origin: ConfigOrigin = { hash: null, files: [] }) {
    this.#config = config;
    this.#logger = logger;
    this.#consul = new ConsulClient({ ...config.consul, logger: logger.child({ name: "agent.consul" }) });
    this.#journal = new Journal(systemClock, logger);
    this.#timeline = new Timeline(wallTimeOf(systemClock), logger);
    this.#timeline.follow(this.#journal);
    const note = (event: AgentEvent) => {
      this.#journal.note(event);
    };
    this.#metrics = agentMetrics({
      journal: this.#journal,
      clock: systemClock,
      pools: () => this.#pools.byName,
      dns: () => this.#dns,
      isReady: () => this.#http.readiness().ready,
      loopDelay: this.#loopDelay,
    });
    const resolver = new LookUps(new DnsResolver(config.resolver));
    this.#pools = new Pools(config.pools, config, {
      clock: systemClock,
      random: systemRandom,
      resolver,
      catalog: this.#consul,
      loggerOf: (pool) => logger.child({ name: `agent.pool.${pool}` }),
      noteOf: (pool) => this.#journal.of(pool),
      observerOf: (pool) => this.#metrics.observerOf(pool),
      changed: () => {
        this.#show();
      },
    });
    const clients = clientLimits(openFiles(), {
      pools: this.#pools.byName.size,
      dnsThreads: config.dns.sockets,
      dnsAddresses: config.dns.listen.length,
    });
    this.#dns = new DnsServer({
      ...config.dns,
      tcpConnections: clients.dnsTcp,
      logger: logger.child({ name: "agent.dns" }),
      clock: systemClock,
      note,
      onPublished: () => {
        this.#metrics.published();
      },
    });
    this.#clockWatch = new ClockWatch(systemClock, note);
    this.#http = new HttpServer({
      ...config.http,
      maxConnections: clients.http,
      logger: logger.child({ name: "agent.http" }),
      dnsState: () => this.#dns.state().kind,
      dns: () => ({
        addresses: this.dnsAddresses().map(({ host, port }) => joinHostPort(host, port)),
        domain: config.dns.domain,
      }),
      clock: systemClock,
      timeline: this.#timeline,
      identity: { version: VERSION, instance: randomUUID(), config: origin },
      datacenter: config.datacenter,
      pools: this.#pools.byName,
      metrics: this.#metrics,
    });
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

  /** Certificates and keys for Consul are read anew for the next request. Tokens are anyway. */
  reload(): void {
    this.#consul.reload();
  }

  /** What a stop under way waits for. */
  stopWaitsFor(): string | undefined {
    return this.#stopWaitsFor;
  }

  /** The head of each pool by the pool's name, `host:port`. */
  heads(): ReadonlyMap<string, string | undefined> {
    return new Map([...this.#pools.byName].map(([name, { proxy }]) => [name, proxy.findServer()?.key]));
  }

  /** Where DNS is served; empty before the start and after the end. */
  dnsAddresses(): readonly ListenAddress[] {
    return this.#dns.addresses();
  }

  async #start(): Promise<void> {
    prepareOwnDirectory(this.#config.dataDirectory, this.#logger);
    this.#endLog = logJournal(this.#journal, this.#logger);
    this.#show();
    try {
      for (const listener of [this.#dns, this.#http]) {
        if (this.#stopping === undefined) {
          await listener.start();
        }
      }
    } catch (error) {
      await this.#end();
      throw error;
    }
    if (this.#stopping === undefined) {
      this.#startSources();
    }
  }

  #startSources(): void {
    this.#pools.start();
    const { consul, registration } = this.#config;
    this.#running.follow([
      this.#clockWatch,
      this.#loopDelay,
      ...(registration === undefined
        ? []
        : [
            ownRegistration(registration, {
              registry: this.#consul,
              http: this.#http,
              listen: this.#httpPlace(),
              heads: () => this.heads(),
              logger: this.#logger.child({ name: "agent.consul" }),
            }),
          ]),
    ]);
    this.#journal.note({ kind: "agent-started", version: VERSION });
    const dns = this.dnsAddresses().map(({ host, port }) => joinHostPort(host, port));
    this.#logger.info(
      { dns: dns.join(" "), http: shownPlace(this.#httpPlace()), consul: consul.address },
      "agent started",
    );
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
    this.#metrics.keep(new Set(this.#pools.byName.keys()));
  }
}
