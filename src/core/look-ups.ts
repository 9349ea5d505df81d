import type { Resolution, Resolver } from "./ports.ts";

/**
 * Look-ups at the same time, in all. A healthy nameserver answers in 1 to 50 ms: 64 are 1,280 names a second and more.
 * A silent one holds each look-up for 4 s and more: 64 are 128 sockets, one for A and one for AAAA each.
 */
const MAX_LOOK_UPS = 64;

/** The look-ups of one lane: what begins each one that waits, in their order, and how many are under way. */
interface Lane {
  readonly waiting: Set<() => void>;
  underWay: number;
}

/**
 * A resolver with a limit, fair among *lanes*: a new list of names, or one name, does not stand behind the thousands
 * that came before it. Lanes take turns. One may have as many look-ups under way as there are places left: 32 of 64
 * when it is alone, so that the first name of another one begins at once, whatever the nameserver does.
 */
export class LookUps implements Resolver {
  readonly #resolver: Resolver;
  /** Those with look-ups that wait, in the order of their turns. */
  readonly #lanes = new Set<Lane>();
  readonly #own = this.lane();
  #free: number;

  constructor(resolver: Resolver, limit = MAX_LOOK_UPS) {
    this.#resolver = resolver;
    this.#free = limit;
  }

  /** Those of this resolver: all that share it share its limit. */
  static over(resolver: Resolver): LookUps {
    return resolver instanceof LookUps ? resolver : new LookUps(resolver);
  }

  resolve(host: string, signal?: AbortSignal): Promise<Resolution> {
    return this.#own.resolve(host, signal);
  }

  /** A queue of its own. A look-up begins at once where there is a place. */
  lane(): Resolver {
    const lane: Lane = { waiting: new Set(), underWay: 0 };
    return { resolve: (host, signal) => this.#queued(lane, host, signal) };
  }

  /** An abort ends a look-up that waits, and frees the place of one that does not mind the signal. */
  #queued(lane: Lane, host: string, signal: AbortSignal | undefined): Promise<Resolution> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        signal?.removeEventListener("abort", leave);
        const end = this.#occupy(lane);
        signal?.addEventListener("abort", end, { once: true });
        this.#ask(host, signal)
          .then(resolve, reject)
          .finally(() => {
            signal?.removeEventListener("abort", end);
            end();
          });
      };
      const leave = () => {
        lane.waiting.delete(begin);
        reject(signal?.reason as Error);
      };
      if (signal?.aborted) {
        leave();
        return;
      }
      signal?.addEventListener("abort", leave, { once: true });
      lane.waiting.add(begin);
      this.#lanes.add(lane);
      this.#beginNext();
    });
  }

  /** A resolver that throws rejects. */
  async #ask(host: string, signal: AbortSignal | undefined): Promise<Resolution> {
    return await this.#resolver.resolve(host, signal);
  }

  /** @returns what gives the place back; only the first call does. */
  #occupy(lane: Lane): () => void {
    let places = 1;
    this.#free -= places;
    lane.underWay += places;
    return () => {
      this.#free += places;
      lane.underWay -= places;
      places = 0;
      this.#beginNext();
    };
  }

  #beginNext(): void {
    // A lane that is put back has its next turn after the others: it comes again in this loop.
    for (const lane of this.#lanes) {
      if (this.#free === 0) {
        return;
      }
      const [begin] = lane.waiting;
      if (begin === undefined) {
        this.#lanes.delete(lane);
      } else if (lane.underWay < this.#free) {
        this.#lanes.delete(lane);
        this.#lanes.add(lane);
        lane.waiting.delete(begin);
        begin();
      }
    }
  }
}
