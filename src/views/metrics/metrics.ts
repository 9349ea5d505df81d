import type { JournalEntry } from "../../core/journal.ts";
import type { PoolEvent } from "../../core/journal-event.ts";
import type { PoolView } from "../../core/pool-view.ts";
import type { Clock } from "../../core/ports.ts";
import type { Observe } from "../../core/routine.ts";
import type { Snapshot } from "../../core/snapshot.ts";
import { type AgentNumbers, addAgent } from "./agent-samples.ts";
import { HttpCounts } from "./http-counts.ts";
import { PoolCounts } from "./pool-counts.ts";
import { addPool } from "./pool-samples.ts";
import { Samples } from "./samples.ts";

interface MetricsPorts {
  readonly clock: Clock;
  /** What is known now; asked for at each scrape. */
  readonly pools: () => readonly PoolView[];
  readonly numbers: () => AgentNumbers;
  /** The list as it is now; `undefined` when there is no such pool. */
  readonly snapshotOf: (pool: string) => Snapshot | undefined;
}

/**
 * Metrics as a view: gauges are made at a scrape from what is known then, and only what happens is counted as it
 * happens. Reading changes nothing.
 */
export class Metrics {
  readonly http = new HttpCounts();
  readonly #ports: MetricsPorts;
  readonly #pools = new Map<string, PoolCounts>();

  constructor(ports: MetricsPorts) {
    this.#ports = ports;
  }

  /** Takes an entry of the journal. */
  take({ event, pool }: JournalEntry): void {
    const snapshot = pool === undefined ? undefined : this.#ports.snapshotOf(pool);
    if (pool !== undefined && snapshot !== undefined) {
      // Entries with a pool are of a pool.
      this.#countsOf(pool).take(event as PoolEvent, { snapshot, now: this.#ports.clock.now() });
    }
  }

  /** Makes what takes what the journal leaves out. */
  observerOf(pool: string): Observe {
    return (event) => {
      this.#countsOf(pool).observe(event, this.#ports.clock.now());
    };
  }

  /** DNS answers with the present heads. */
  published(): void {
    for (const counts of this.#pools.values()) {
      counts.published(this.#ports.clock.now());
    }
  }

  /** Pools that are gone are counted no more: one of the same name begins with 0. */
  keep(pools: ReadonlySet<string>): void {
    for (const pool of this.#pools.keys()) {
      if (!pools.has(pool)) {
        this.#pools.delete(pool);
      }
    }
  }

  /** Prometheus' text format 0.0.4. */
  text(): string {
    return this.#samples().text();
  }

  json(): object {
    return this.#samples().json();
  }

  #samples(): Samples {
    const { clock, numbers, pools } = this.#ports;
    const samples = new Samples();
    addAgent(samples, numbers(), this.http);
    for (const view of pools()) {
      addPool(samples, view, this.#countsOf(view.name), clock);
    }
    return samples;
  }

  #countsOf(pool: string): PoolCounts {
    const counts = this.#pools.get(pool) ?? new PoolCounts();
    this.#pools.set(pool, counts);
    return counts;
  }
}
