import { atAbort, Life } from "../../core/life.ts";
import type { FoundDown } from "../../core/pool-view.ts";
import type { Clock } from "../../core/ports.ts";
import type { Runnable } from "../../core/running.ts";
import { FRESH_PACE, type PaceRule, take } from "../../core/time/pace.ts";

/**
 * How long, in milliseconds, it counts that a server was found down. Nobody asks a server again that is neither head
 * nor next, so without an end it would be out for good. Consul's checks mostly run every ten seconds: after 30 s three
 * of them were made since, and Consul's word is the newer one.
 */
const FINDING_COUNTS_MS = 30_000;

/**
 * A search finds one server down after the other, and each change is an encoding of the whole list: 60 ms at 10,000
 * servers. Four at once, so that a head and those next to it are out at once, then one a second: 6 % of a core.
 */
const LOOKS: PaceRule = { minIntervalMs: 1_000, burst: 4 };

/** When each server that has not answered since was last found down, by `Clock.now`. */
export type Findings = ReadonlyMap<string, number>;

/** The servers that were found down lately, and have not answered since. */
export class FoundLately implements FoundDown, Runnable {
  readonly #clock: Clock;
  readonly #findings: () => Findings;
  readonly #listeners = new Set<() => void>();
  #keys: ReadonlySet<string> = new Set();
  #pace = FRESH_PACE;
  #cancel: () => void = () => undefined;
  readonly #life = new Life();

  constructor(clock: Clock, findings: () => Findings) {
    this.#clock = clock;
    this.#findings = findings;
  }

  keys(): ReadonlySet<string> {
    return this.#keys;
  }

  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => {
      this.#listeners.delete(changed);
    };
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#life.run(signal, () => {
      this.look();
      return atAbort(signal, () => {
        this.#cancel();
      });
    });
  }

  /** To be called when the findings may be others: now, or when the pace allows, they are looked at. */
  look(): void {
    if (this.#life.isOver()) {
      return;
    }
    this.#cancel();
    const now = this.#clock.now();
    const { pace, waitMs } = take(this.#pace, now, LOOKS);
    this.#pace = pace;
    if (waitMs > 0) {
      this.#lookIn(waitMs);
      return;
    }
    const counted = [...this.#findings()].filter(([, foundAt]) => foundAt + FINDING_COUNTS_MS > now);
    if (counted.length > 0) {
      this.#lookIn(
        counted.reduce((least, [, foundAt]) => Math.min(least, foundAt), now) + FINDING_COUNTS_MS - now,
      );
    }
    const keys = new Set(counted.map(([key]) => key));
    if (keys.size !== this.#keys.size || counted.some(([key]) => !this.#keys.has(key))) {
      this.#keys = keys;
      for (const changed of this.#listeners) {
        changed();
      }
    }
  }

  #lookIn(delayMs: number): void {
    this.#cancel = this.#clock.after(delayMs, () => {
      this.look();
    });
  }
}
