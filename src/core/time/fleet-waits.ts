import type { Fleet } from "../fleet.ts";
import type { Clock, Random } from "../ports.ts";
import type { RpcProxy } from "../rpc-proxy.ts";
import { ShrinkingWait } from "./shrinking-wait.ts";

/** Milliseconds, by the size of the fleet. A chance in it is drawn before, once for the wait. */
export type WaitLength = (fleet: Fleet) => number;

/** A wait that has begun. */
export interface BegunWait {
  /** Cancelling twice is fine. */
  readonly cancel: () => void;
  /** When it is over, by `Clock.now`, as long as the fleet stays as it is. */
  readonly endsAt: () => number;
}

/** The same number each time, so that a length with a chance in it can be worked out again for another fleet. */
export function drawnOnce(random: Random): Random {
  const chance = random();
  return () => chance;
}

/**
 * Waits that are scaled to the fleet. When its size changes, each is looked at again: one that would be shorter now
 * ends earlier. So a number that was wrong holds nothing up once the right one is known; and a larger fleet makes no
 * wait longer that has begun.
 */
export class FleetWaits {
  readonly #clock: Clock;
  readonly #proxy: Pick<RpcProxy, "subscribe" | "numNodes" | "numServers">;
  readonly #reviews = new Set<() => void>();
  #unsubscribe: () => void = () => undefined;

  constructor(clock: Clock, proxy: Pick<RpcProxy, "subscribe" | "numNodes" | "numServers">) {
    this.#clock = clock;
    this.#proxy = proxy;
  }

  get fleet(): Fleet {
    return { numServers: this.#proxy.numServers(), numNodes: this.#proxy.numNodes() };
  }

  /**
   * Resolves when the time is over, or at once when there is none or the signal aborts; leaves no timer or listener.
   * Never rejects.
   * @param begun is given the wait, unless there is nothing to wait for.
   */
  wait(
    lengthMs: WaitLength,
    signal: AbortSignal,
    begun: (wait: BegunWait) => void = () => undefined,
  ): Promise<void> {
    if (signal.aborted || lengthMs(this.fleet) <= 0) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const finish = () => {
        wait.cancel();
        signal.removeEventListener("abort", finish);
        resolve();
      };
      const wait = this.begin(lengthMs, finish);
      signal.addEventListener("abort", finish, { once: true });
      begun(wait);
    });
  }

  /** Looks at each wait again: what its length depends on has changed. */
  review(): void {
    for (const each of this.#reviews) {
      each();
    }
  }

  /** Calls back once when the time is over, never at once. The returned function cancels; cancelling twice is fine. */
  after(lengthMs: WaitLength, callback: () => void): () => void {
    return this.begin(lengthMs, callback).cancel;
  }

  /** As `after`, and tells when it will be over. */
  begin(lengthMs: WaitLength, callback: () => void): BegunWait {
    const wait = new ShrinkingWait(this.#clock, () => {
      this.#forget(review);
      callback();
    });
    const review = () => {
      wait.shortenTo(lengthMs(this.fleet));
    };
    wait.begin(Math.max(0, lengthMs(this.fleet)));
    this.#review(review);
    return {
      cancel: () => {
        wait.cancel();
        this.#forget(review);
      },
      endsAt: () => wait.endsAt,
    };
  }

  #review(review: () => void): void {
    if (this.#reviews.size === 0) {
      this.#unsubscribe = this.#proxy.subscribe((next, previous) => {
        if (next.numNodes !== previous.numNodes || next.size !== previous.size) {
          this.review();
        }
      });
    }
    this.#reviews.add(review);
  }

  #forget(review: () => void): void {
    this.#reviews.delete(review);
    if (this.#reviews.size === 0) {
      this.#unsubscribe();
    }
  }
}
