import type { Config, PoolConfig } from "../config/schema.ts";
import type { Note } from "../core/journal-event.ts";
import type { Logger } from "../core/ports.ts";
import type { Observe } from "../core/routine.ts";
import { UnderWay } from "../core/under-way.ts";
import { Pool } from "./pool.ts";
import type { Place, PoolPorts } from "./pool-sources.ts";
import { poolsPlan } from "./reload-plan.ts";

interface PoolsPorts extends Omit<PoolPorts, "logger" | "note" | "observe"> {
  readonly loggerOf: (pool: string) => Logger;
  readonly noteOf: (pool: string) => Note;
  readonly observerOf?: (pool: string) => Observe;
  /** Pools came or went. */
  readonly changed: () => void;
}

/** All pools by name: they come, go and change while the agent runs. */
export class Pools {
  readonly #place: Place;
  readonly #ports: PoolsPorts;
  readonly #byName = new Map<string, Pool>();
  /** Pools that were removed and have not let go of everything yet. */
  readonly #ending = new UnderWay();
  #configs: Config["pools"] = {};
  #isRunning = false;

  /** @throws AgentError when a file that a pool names can't be read. */
  constructor(configs: Config["pools"], place: Place, ports: PoolsPorts) {
    this.#place = place;
    this.#ports = ports;
    for (const [name, config] of Object.entries(configs)) {
      this.#byName.set(name, this.#made(name, config));
    }
    this.#configs = configs;
  }

  /** In the order in which they came; follows every change. */
  get byName(): ReadonlyMap<string, Pool> {
    return this.#byName;
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
   * Goes on with these pools: new ones are started, others ended, those with other settings go on with them. All of it
   * happens in one turn.
   * @throws AgentError when a file that a pool names can't be read; nothing has changed then.
   */
  replace(configs: Config["pools"]): void {
    const { added, changed, removed } = poolsPlan(this.#configs, configs);
    const newPools = added.map((name) => this.#made(name, configs[name] as PoolConfig));
    const swaps = changed.map((name) => this.#byName.get(name)?.prepare(configs[name] as PoolConfig));
    for (const swap of swaps) {
      swap?.();
    }
    for (const name of removed) {
      this.#end(name);
    }
    for (const pool of newPools) {
      this.#byName.set(pool.name, pool);
    }
    this.#configs = configs;
    if (added.length > 0 || removed.length > 0) {
      this.#ports.changed();
    }
    if (this.#isRunning) {
      for (const pool of newPools) {
        pool.start();
      }
    }
  }

  #end(name: string): void {
    const pool = this.#byName.get(name);
    this.#byName.delete(name);
    this.#ending.add(pool?.stop() ?? Promise.resolve());
  }

  #made(name: string, config: PoolConfig): Pool {
    const { loggerOf, noteOf, observerOf, ...ports } = this.#ports;
    const own = { logger: loggerOf(name), note: noteOf(name), observe: observerOf?.(name) };
    return new Pool(name, config, this.#place, { ...ports, ...own });
  }
}
