/** The composition root: constructs everything, starts in order, stops in reverse. */
import { hostname } from "node:os";
import type { ListenAddress } from "../config/address.ts";
import type { Config } from "../config/schema.ts";
import { Journal, type JournalEntry } from "../core/journal.ts";
import { LookUps } from "../core/look-ups.ts";
import { messageOf } from "../core/message-of.ts";
import type { PoolView } from "../core/pool-view.ts";
import { printable } from "../core/printable.ts";
import { joinHostPort } from "../core/rpc-addr.ts";
import { Running } from "../core/running.ts";
import { prepareDataDirectory } from "../files/data-directory.ts";
import { ConsulClient } from "../net/consul/consul-client.ts";
import { DnsResolver } from "../net/names/dns-resolver.ts";
import { systemClock, systemRandom } from "../system-ports.ts";
import { DnsServer } from "../views/dns/dns-server.ts";
import { type HttpPlace, shownPlace } from "../views/http/http-listener.ts";
import { HttpServer, READINESS_PATH } from "../views/http/http-server.ts";
import { logJournal, type PartLogger } from "../views/log-lines.ts";
import { SelfRegistration } from "../views/self-registration.ts";
import { AgentError } from "./agent-error.ts";
import { ClockWatch } from "./clock-watch.ts";
import { clientLimits, openFiles } from "./open-files.ts";
import { Pools } from "./pools.ts";
import { VERSION } from "./version.ts";

/** What the agent shows of itself. */
interface AgentView {
  readonly pools: readonly PoolView[];
  readonly dns: {
    readonly state: ReturnType<DnsServer["state"]>;
    readonly counters: ReturnType<DnsServer["counters"]>;
  };
  readonly journal: readonly JournalEntry[];
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
  #endLog: () => void = () => undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #stopWaitsFor: string | undefined;

  /** @throws AgentError when a certificate or key that a pool names can't be read, or too few files may be open. */
  constructor(config: Config, logger: PartLogger) {
    this.#config = config;
    this.#logger = logger;
    this.#consul = new ConsulClient({ ...config.consul, logger: logger.child({ name: "agent.consul" }) });
    this.#journal = new Journal(systemClock, logger);
    const resolver = new LookUps(new DnsResolver(config.resolver));
    this.#pools = new Pools(config.pools, config, {
      clock: systemClock,
      random: systemRandom,
      resolver,
      catalog: this.#consul,
      loggerOf: (pool) => logger.child({ name: `agent.pool.${pool}` }),
      noteOf: (pool) => this.#journal.of(pool),
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
    });
    this.#clockWatch = new ClockWatch(systemClock, (event) => {
      this.#journal.note(event);
    });
    this.#http = new HttpServer({
      ...config.http,
      maxConnections: clients.http,
      logger: logger.child({ name: "agent.http" }),
      dnsState: () => this.#dns.state().kind,
      clock: systemClock,
      datacenter: config.datacenter,
      pools: this.#pools.byName,
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

  /** All that is known of the agent now; read on demand. */
  view(): AgentView {
    return {
      pools: [...this.#pools.byName.values()].map((pool) => pool.view()),
      dns: { state: this.#dns.state(), counters: this.#dns.counters() },
      journal: this.#journal.entries(),
    };
  }

  /** Where DNS is served; empty before the start and after the end. */
  dnsAddresses(): readonly ListenAddress[] {
    return this.#dns.addresses();
  }

  async #start(): Promise<void> {
    this.#prepareDataDirectory();
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

  #prepareDataDirectory(): void {
    const { dataDirectory } = this.#config;
    if (dataDirectory === undefined) {
      return;
    }
    try {
      const { widerMode } = prepareDataDirectory(dataDirectory);
      if (widerMode !== undefined) {
        const message = "data_dir was there already, and others have rights in it: chmod 700 takes them away";
        this.#logger.warn({ data_dir: dataDirectory, mode: widerMode }, message);
      }
    } catch (error) {
      const reason = messageOf(error);
      const message = `data_dir: ${dataDirectory}: expected a directory that can be written: ${reason}`;
      throw new AgentError(message, { cause: error });
    }
  }

  #startSources(): void {
    this.#pools.start();
    const { consul, registration } = this.#config;
    this.#running.follow([
      this.#clockWatch,
      ...(registration === undefined ? [] : [this.#selfRegistration(registration)]),
    ]);
    const dns = this.dnsAddresses().map(({ host, port }) => joinHostPort(host, port));
    this.#logger.info(
      { dns: dns.join(" "), http: shownPlace(this.#httpPlace()), consul: consul.address },
      "agent started",
    );
  }

  /** A start on its way is waited for: what it has begun to open could not be closed. */
  async #stop(): Promise<void> {
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

  #selfRegistration(options: NonNullable<Config["registration"]>): SelfRegistration {
    const logger = this.#logger.child({ name: "agent.consul" });
    return new SelfRegistration(
      { registry: this.#consul, clock: systemClock, logger },
      {
        ...options,
        hostname: hostname(),
        listen: this.#httpPlace(),
        readinessPath: READINESS_PATH,
        describe: () => ({ version: VERSION, heads: this.heads(), waitsFor: this.#waitsFor() }),
      },
    );
  }

  #waitsFor(): string | undefined {
    const { ready, waiting, dns } = this.#http.readiness();
    return ready
      ? undefined
      : printable(`DNS: ${dns}; pools without a head: ${waiting.join(", ") || "none"}`);
  }

  /** The views follow the pools themselves: called when pools come or go. */
  #show(): void {
    this.#dns.show([...this.#pools.byName.values()]);
  }
}
