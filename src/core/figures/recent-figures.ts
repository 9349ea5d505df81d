/** What was measured lately, as plots show it. */
import type { WatchedAddress } from "../pool-view.ts";
import { RecentMap } from "../recent-map.ts";
import { StepRing } from "./step-ring.ts";

/** How long a step is: a plot 180 points wide shows 15 minutes. */
export const STEP_MS = 5_000;
export const STEPS = 180;

/**
 * Addresses of a pool: the head and the next server have 16 at most. At 1.2 KB each, measured, 256 pools have 4.8 MB at
 * most, and 1.1 MB where each has two.
 */
const MOST_ADDRESSES = 16;

/** Values of steps, the oldest first. */
type Values = readonly (number | undefined)[];

/** Of one address: which server it is of, and its round-trip times in milliseconds. */
interface AddressFigures {
  readonly server: string;
  readonly rttMs: Values;
}

export interface Figures {
  /** When the first step began: milliseconds since the Unix epoch. */
  readonly fromAt: number;
  readonly stepMs: number;
  /** Questions in a second. */
  readonly dnsQueries: Values;
  /** By pool, then by `host:port`. */
  readonly pools: ReadonlyMap<string, ReadonlyMap<string, AddressFigures>>;
}

/** What one step came to. */
interface Step {
  readonly dnsQueries: number;
  /** By pool: addresses that are watched. `lastAnswer` is absent where there was none in this step. */
  readonly pools: ReadonlyMap<string, readonly WatchedAddress[]>;
}

/** Keeps the last 180 steps. Of a pool, addresses that have not been watched in any of them are forgotten. */
export class RecentFigures {
  readonly #dnsQueries = new StepRing(STEPS);
  readonly #pools = new Map<string, RecentMap<{ readonly server: string; readonly rtt: StepRing }>>();

  /** The step that was noted last. */
  get newest(): number {
    return this.#dnsQueries.newest;
  }

  /** Steps rise. */
  note(step: number, { dnsQueries, pools }: Step): void {
    this.#dnsQueries.note(step, dnsQueries);
    for (const [name, watched] of pools) {
      const known = this.#pools.get(name) ?? new RecentMap(MOST_ADDRESSES);
      for (const { address, lastAnswer, server } of watched) {
        const rtt = known.get(address)?.rtt ?? new StepRing(STEPS);
        rtt.note(step, lastAnswer?.tookMs);
        known.set(address, { server, rtt });
      }
      known.forgetWhile(({ rtt }) => rtt.newest <= step - STEPS);
      this.#pools.set(name, known);
    }
  }

  /** Pools that are gone are forgotten: one of the same name begins with nothing. */
  keep(pools: ReadonlySet<string>): void {
    for (const name of this.#pools.keys()) {
      if (!pools.has(name)) {
        this.#pools.delete(name);
      }
    }
  }

  /** The figures of all steps up to this one. Reading changes nothing. */
  upTo(step: number, pools: readonly string[]): Pick<Figures, "dnsQueries" | "pools"> {
    return {
      dnsQueries: this.#dnsQueries.upTo(step),
      pools: new Map(pools.map((name) => [name, this.#addressesOf(name, step)])),
    };
  }

  #addressesOf(pool: string, step: number): ReadonlyMap<string, AddressFigures> {
    const known = [...(this.#pools.get(pool) ?? [])];
    return new Map(known.map(([address, { rtt, server }]) => [address, { server, rttMs: rtt.upTo(step) }]));
  }
}
