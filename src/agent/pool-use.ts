import type { Clock } from "../core/ports.ts";
import { USE_MARK } from "../views/dns/use-mark.ts";

/** A pool that nobody asked for in so long is idle. Who looks a server up for each connection asks more often. */
const IDLE_AFTER_MS = 30_000;

interface UseOptions {
  /** Of the pool's byte in `marks`. */
  readonly slot: number;
  readonly marks: Uint8Array;
  readonly clock: Clock;
  /** Called when the pool is asked for after it was idle. */
  readonly onAsked: () => void;
  /** Whether a reader is told of every change: then no pool is idle. */
  readonly hasReaders: () => boolean;
  readonly onEnd: () => void;
}

/**
 * Whether a pool is asked for. The answering threads note it in a byte, and send a message only for the first question
 * of a pool that is idle. A pool counts as asked for when it begins.
 */
export class PoolUse {
  readonly #options: UseOptions;
  /** By `Clock.now`. */
  #askedAt: number;

  constructor(options: UseOptions) {
    this.#options = options;
    this.#askedAt = options.clock.now();
  }

  get slot(): number {
    return this.#options.slot;
  }

  /** When it was asked for last, or seen to have been asked for: by `Clock.now`. */
  lastAskedAt(): number {
    const { clock, marks, slot } = this.#options;
    if (Atomics.compareExchange(marks, slot, USE_MARK.ASKED, USE_MARK.NONE) === USE_MARK.ASKED) {
      this.#askedAt = clock.now();
    }
    return this.#askedAt;
  }

  /** Whether nobody has asked for it for long. Then the next question is told. */
  isIdle(): boolean {
    const { clock, hasReaders, marks, slot } = this.#options;
    if (hasReaders() || clock.now() - this.lastAskedAt() < IDLE_AFTER_MS) {
      return false;
    }
    // A question that came just now is seen here.
    return Atomics.compareExchange(marks, slot, USE_MARK.NONE, USE_MARK.AWAITED) !== USE_MARK.ASKED;
  }

  /** Somebody asks for it. */
  asked(): void {
    this.#askedAt = this.#options.clock.now();
    this.#options.onAsked();
  }

  end(): void {
    this.#options.onEnd();
  }
}
