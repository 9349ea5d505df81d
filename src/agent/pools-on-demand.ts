/** Pools that questions start: which are there, and for how long. */
import type { OnDemandConfig, PoolConfig } from "../config/schema.ts";
import { atAbort, Life } from "../core/life.ts";
import { messageOf } from "../core/message-of.ts";
import type { ConsulService } from "../core/pool-view.ts";
import type { Clock, Logger } from "../core/ports.ts";
import { RecentMap } from "../core/recent-map.ts";
import type { Runnable } from "../core/running.ts";
import { serviceOfPool } from "../core/service-pool.ts";
import { delay } from "../core/time/delay.ts";
import { UnderWay } from "../core/under-way.ts";
import type { ConsulCatalog } from "../net/consul/catalog.ts";
import { datacenterPlan } from "../sources/consul/datacenter-order.ts";
import { DEFAULT_CONSUL_WATCH, deadlineMs } from "../sources/consul/watch-config.ts";
import type { DnsServer } from "../views/dns/dns-server.ts";
import { Tally } from "../views/metrics/tally.ts";
import { backupsOf, onDemandConfig } from "./on-demand-settings.ts";
import type { Pool } from "./pool.ts";
import type { Pools } from "./pools.ts";

interface OnDemandPorts {
  readonly pools: Pick<Pools, "add" | "byName" | "end">;
  readonly dns: () => Pick<DnsServer, "decide">;
  readonly catalog: Pick<ConsulCatalog, "instances">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** That Consul does not know a service is believed for so long, as most of its own answers by DNS are. */
const UNKNOWN_HOLD_MS = 10_000;
/** After a failure of Consul's, and while no place is free: a client's next try may find it otherwise. */
const NOT_READY_HOLD_MS = 1_000;
/** The pool is in the next table. */
const STARTING_HOLD_MS = 1_000;
/** A thousand names of 10 s: a hundred starts a second. */
const MOST_UNKNOWN = 1_024;
/** Pools whose time is over are looked for so often, or four times in that time. */
const LOOK_EVERY_MS = 60_000;

/** What became of pools that were asked for. */
const DEMAND_RESULTS = ["started", "unknown", "full", "failed"] as const;
type DemandResult = (typeof DEMAND_RESULTS)[number];

/**
 * Starts a pool when a question is about a service that Consul knows and no pool serves; ends it when nobody has asked
 * for it for long, or Consul does not know the service any more. Consul is asked once before a pool is made: a name
 * that somebody made up costs one request.
 */
export class PoolsOnDemand implements Runnable {
  readonly results = new Tally(DEMAND_RESULTS);
  readonly #ports: OnDemandPorts;
  readonly #life = new Life();
  #config: OnDemandConfig | undefined;
  /** Pools that Consul is asked for. */
  readonly #asking = new Set<string>();
  readonly #queries = new UnderWay();
  /** Until when it is believed that Consul does not know the service of a pool, by `Clock.now`. */
  readonly #unknownUntil = new RecentMap<number>(MOST_UNKNOWN);

  /** @param config absent: no question starts a pool. */
  constructor(config: OnDemandConfig | undefined, ports: OnDemandPorts) {
    this.#config = config;
    this.#ports = ports;
  }

  /** Other settings count for pools that start, and for the end of those that are there. */
  configure(config: OnDemandConfig | undefined): void {
    this.#config = config;
  }

  /** So many are there. */
  get size(): number {
    return this.#pools().length;
  }

  /** A question is about a pool that is not there. */
  wanted(name: string): void {
    const config = this.#config;
    const service = serviceOfPool(name);
    const { clock } = this.#ports;
    const unknownForMs = (this.#unknownUntil.get(name) ?? 0) - clock.now();
    if (config === undefined || service === undefined || this.#life.isOver()) {
      this.#decide(name, "not-ready", NOT_READY_HOLD_MS);
    } else if (this.#isThere(name)) {
      this.#decide(name, "starting", STARTING_HOLD_MS);
    } else if (unknownForMs > 0) {
      this.#decide(name, "unknown", unknownForMs);
    } else if (!this.#asking.has(name)) {
      this.#asking.add(name);
      this.#queries.add(this.#begin(name, service, config));
    }
  }

  /** Makes a pool that was there before the process began; its watch starts with the others. */
  revive(name: string): void {
    const config = this.#config;
    const service = serviceOfPool(name);
    if (
      config !== undefined &&
      service !== undefined &&
      !this.#isThere(name) &&
      this.size < config.maxPools
    ) {
      this.#add(name, service, config);
    }
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#life.run(signal, async () => {
      const looking = this.#lookNowAndThen(signal);
      await atAbort(signal, () => this.#queries.ended());
      await looking;
    });
  }

  async #begin(name: string, service: ConsulService, config: OnDemandConfig): Promise<void> {
    const isKnown = await this.#isKnown(service, config.template);
    this.#asking.delete(name);
    if (this.#life.isOver() || this.#config === undefined || this.#isThere(name)) {
      return;
    }
    switch (isKnown) {
      case true:
        this.#start(name, service, this.#config);
        return;
      case false:
        this.#unknownUntil.set(name, this.#ports.clock.now() + UNKNOWN_HOLD_MS);
        this.results.add("unknown");
        this.#decide(name, "unknown", UNKNOWN_HOLD_MS);
        return;
      case undefined:
        this.#refuse(name, "failed");
    }
  }

  #start(name: string, service: ConsulService, config: OnDemandConfig): void {
    if (this.size >= config.maxPools) {
      this.#refuse(name, "full");
      return;
    }
    try {
      this.#add(name, service, config);
    } catch (error) {
      const reason = messageOf(error);
      this.#ports.logger.error({ pool: name, reason }, "a pool that a question asks for can't be made");
      this.#refuse(name, "failed");
      return;
    }
    this.results.add("started");
    this.#decide(name, "starting", STARTING_HOLD_MS);
  }

  /** Whether Consul has instances of the service, healthy or not; `undefined` when it could not tell. */
  async #isKnown(service: ConsulService, template: PoolConfig): Promise<boolean | undefined> {
    const { catalog, logger } = this.#ports;
    const selection = { ...DEFAULT_CONSUL_WATCH, ...backupsOf(template, service), passing: false };
    const { preferred } = datacenterPlan(selection.datacenters);
    try {
      const answer = await catalog.instances({
        selection,
        ...(preferred === undefined ? {} : { datacenter: preferred }),
        index: 0,
        waitMs: 0,
        deadlineMs: deadlineMs(0, 0, selection.slackMs),
        signal: this.#life.signal,
      });
      return answer.instances.length + answer.skipped.length > 0;
    } catch (error) {
      logger.debug({ err: error, service: service.name }, "Consul could not be asked for a service");
      return undefined;
    }
  }

  #add(name: string, service: ConsulService, { template }: OnDemandConfig): void {
    this.#ports.pools.add(name, onDemandConfig(template, service));
  }

  async #lookNowAndThen(signal: AbortSignal): Promise<void> {
    for (;;) {
      const unusedMs = this.#config?.unusedMs ?? LOOK_EVERY_MS;
      await delay(this.#ports.clock, Math.min(LOOK_EVERY_MS, unusedMs / 4), signal);
      if (signal.aborted) {
        return;
      }
      await this.#look();
    }
  }

  /** Ends what nobody asks for, and what Consul does not know any more. */
  async #look(): Promise<void> {
    const config = this.#config;
    if (config === undefined) {
      return;
    }
    const now = this.#ports.clock.now();
    for (const pool of this.#pools()) {
      if (now - pool.use.lastAskedAt() >= config.unusedMs) {
        this.#end(pool.name);
      }
    }
    for (const { name } of this.#pools().filter((pool) => pool.listState() === "empty")) {
      const service = serviceOfPool(name);
      if (service !== undefined && (await this.#isKnown(service, config.template)) === false) {
        this.#end(name);
      }
    }
  }

  #end(name: string): void {
    this.#ports.pools.end(name);
    // The next question asks anew.
    this.#decide(name, "starting", 0);
  }

  #refuse(name: string, result: DemandResult): void {
    this.results.add(result);
    this.#decide(name, "not-ready", NOT_READY_HOLD_MS);
  }

  #decide(...decision: Parameters<DnsServer["decide"]>): void {
    this.#ports.dns().decide(...decision);
  }

  /** Also when a configured pool has the name. */
  #isThere(name: string): boolean {
    return [...this.#ports.pools.byName.keys()].some((pool) => pool.toLowerCase() === name);
  }

  #pools(): readonly Pool[] {
    return [...this.#ports.pools.byName.values()].filter(({ onDemand }) => onDemand);
  }
}
