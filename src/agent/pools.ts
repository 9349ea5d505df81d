import type { Config, PoolConfig } from "../config/schema.ts";
import type { PoolsChange } from "../core/config-view.ts";
import { SourceLimits } from "../core/feedback.ts";
import type { Note } from "../core/journal-event.ts";
import type { Logger } from "../core/ports.ts";
import type { Observe } from "../core/routine.ts";
import { serviceOfPool } from "../core/service-pool.ts";
import { UnderWay } from "../core/under-way.ts";
import { onDemandConfig } from "./on-demand-settings.ts";
import { Pool } from "./pool.ts";
import type { PoolPorts } from "./pool-sources.ts";
import { type Place, poolsPlan } from "./reload-plan.ts";

interface PoolsPorts extends Omit<PoolPorts, "logger" | "note" | "observe" | "onDemand" | "reportLimits"> {
  readonly loggerOf: (pool: string) => Logger;
  readonly noteOf: (pool: string) => Note;
  readonly observerOf?: (pool: string) => Observe;
  /** Pools came or went. */
  readonly changed: () => void;
}

/** What other pools come to, before anything has changed. */
export interface PreparedPools {
  readonly plan: PoolsChange;
  /** Goes on with them, in one turn and without fail. */
  readonly swap: () => void;
}

/** All pools by name: they come, go and change while the agent runs. */
export class Pools {
  readonly #ports: PoolsPorts;
  readonly #byName = new Map<string, Pool>();
  readonly #reportLimits = new SourceLimits();
  /** Pools that were removed and have not let go of everything yet. */
  readonly #ending = new UnderWay();
  #configs: Config["pools"];
  #place: Place;
  #isRunning = false;

  /** @throws AgentError when a file that a pool names can't be read. */
  constructor(configs: Config["pools"], place: Place, ports: PoolsPorts) {
    this.#ports = ports;
    for (const [name, config] of Object.entries(configs)) {
      this.#byName.set(name, this.#made(name, config, place));
    }
    this.#configs = configs;
    this.#place = place;
  }

  /** In the order in which they came; follows every change. */
  get byName(): ReadonlyMap<string, Pool> {
    return this.#byName;
  }

  /** Without those that questions started. */
  configured(): ReadonlyMap<string, Pool> {
    return new Map([...this.#byName].filter(([, { onDemand }]) => !onDemand));
  }

  start(): void {
    this.#isRunning = true;
    for (const pool of this.#byName.values()) {
      pool.start();
    }
  }

  /** Resolves when no pool holds a connection, query or timer. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    await Promise.all([this.#ending.ended(), ...[...this.#byName.values()].map((pool) => pool.stop())]);
  }

  /**
   * Makes what these pools ask for: new ones are to be started, others ended, those with other settings, or other
   * contents of their files, go on with them. Pools that questions started end with `template`, or where a pool of
   * the same name is configured now.
   * @throws AgentError when a file that a pool names can't be read; nothing has changed then.
   */
  prepare(configs: Config["pools"], place: Place, template?: PoolConfig): PreparedPools {
    const plan = poolsPlan(this.#configs, configs);
    const onDemand = this.#onDemandConfigs(configs, template);
    const removed = [
      ...plan.removed,
      ...[...this.#byName.values()]
        .filter((pool) => pool.onDemand && !onDemand.has(pool.name))
        .map(({ name }) => name),
    ];
    const newPools = plan.added.map((name) => this.#made(name, configs[name] as PoolConfig, place));
    const kept = [...plan.kept, ...onDemand.keys()];
    const swaps = kept.flatMap((name) => {
      const config = onDemand.get(name) ?? configs[name];
      const swap = config && this.#byName.get(name)?.prepare(config, place);
      return swap === undefined ? [] : { name, swap };
    });
    return {
      plan: { added: plan.added, removed, changed: swaps.map(({ name }) => name) },
      swap: () => {
        this.#configs = configs;
        this.#place = place;
        for (const { swap } of swaps) {
          swap();
        }
        this.#replace(removed, newPools);
      },
    };
  }

  /** Starts a pool that a question asks for, once the pools have started. No pool has the name. */
  add(name: string, config: PoolConfig): void {
    this.#replace([], [this.#made(name, config, this.#place, true)]);
  }

  /** Ends a pool that a question started. */
  end(name: string): void {
    this.#replace([name], []);
  }

  /** What the pools that questions started, and that stay, go on with. */
  #onDemandConfigs(
    configs: Config["pools"],
    template: PoolConfig | undefined,
  ): ReadonlyMap<string, PoolConfig> {
    const configured = new Set(Object.keys(configs).map((name) => name.toLowerCase()));
    return new Map(
      [...this.#byName.values()].flatMap(({ name, onDemand }) => {
        const service = onDemand ? serviceOfPool(name) : undefined;
        return service === undefined || template === undefined || configured.has(name)
          ? []
          : [[name, onDemandConfig(template, service)] as const];
      }),
    );
  }

  #replace(removed: readonly string[], newPools: readonly Pool[]): void {
    for (const name of removed) {
      this.#end(name);
    }
    for (const pool of newPools) {
      this.#byName.set(pool.name, pool);
      this.#ports.noteOf(pool.name)({ kind: "pool-added", onDemand: pool.onDemand });
    }
    if (newPools.length > 0 || removed.length > 0) {
      this.#ports.changed();
    }
    if (this.#isRunning) {
      for (const pool of newPools) {
        pool.start();
      }
    }
  }

  /** Resolves when the pools that were removed hold no connection, query or timer any more. */
  removedHaveEnded(): Promise<unknown> {
    return this.#ending.ended();
  }

  #end(name: string): void {
    const pool = this.#byName.get(name);
    this.#byName.delete(name);
    this.#ending.add(pool?.stop() ?? Promise.resolve());
    this.#ports.noteOf(name)({ kind: "pool-removed" });
  }

  /** A pool that a question starts has no series of its own. */
  #made(name: string, config: PoolConfig, place: Place, onDemand = false): Pool {
    const { loggerOf, noteOf, observerOf, ...ports } = this.#ports;
    const observe = onDemand ? undefined : observerOf?.(name);
    const own = { logger: loggerOf(name), note: noteOf(name), observe, onDemand };
    return new Pool(name, config, place, { ...ports, ...own, reportLimits: this.#reportLimits });
  }
}
