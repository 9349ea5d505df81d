import { type Figures, RecentFigures, STEP_MS, STEPS } from "../core/figures/recent-figures.ts";
import { StepTime } from "../core/figures/step-time.ts";
import { Life } from "../core/life.ts";
import type { WatchedAddress } from "../core/pool-view.ts";
import type { Clock } from "../core/ports.ts";
import type { Runnable } from "../core/running.ts";
import { delay } from "../core/time/delay.ts";

interface FigureSources {
  readonly clock: Clock;
  readonly pools: () => ReadonlyMap<string, { watchedAddresses(): readonly WatchedAddress[] }>;
  /** Questions since the start of DNS. */
  readonly dnsQueries: () => number;
}

/** Looks every five seconds at what plots show, and keeps it for fifteen minutes. Nothing else follows from it. */
export class FigureWatch implements Runnable {
  readonly #sources: FigureSources;
  readonly #time: StepTime;
  readonly #figures = new RecentFigures();
  readonly #life = new Life();
  /** By `Clock.now`. */
  #lookedAt = 0;
  #queries = 0;

  constructor(sources: FigureSources) {
    this.#sources = sources;
    this.#time = new StepTime(sources.clock, STEP_MS);
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, dnsQueries } = this.#sources;
    return this.#life.run(signal, async () => {
      this.#lookedAt = clock.now();
      this.#queries = dnsQueries();
      this.#time.take();
      for (;;) {
        await delay(clock, this.#time.untilNext(), signal);
        if (signal.aborted) {
          return;
        }
        this.#look();
      }
    });
  }

  /** Of the last fifteen minutes and of these pools. Steps in which nobody looked have no values. */
  figuresOf(pools: readonly string[]): Figures {
    // Until the look that is due the step that has just ended is not missing.
    const last = Math.max(this.#figures.newest, this.#time.present() - 1);
    return {
      fromAt: this.#time.wallTimeAt(last - STEPS),
      stepMs: STEP_MS,
      ...this.#figures.upTo(last, pools),
    };
  }

  /** Pools that are gone are forgotten. */
  keep(pools: ReadonlySet<string>): void {
    this.#figures.keep(pools);
  }

  #look(): void {
    const step = this.#time.take();
    if (step <= this.#figures.newest) {
      return; // a timer may come early by a fraction of a millisecond
    }
    const { clock, dnsQueries, pools } = this.#sources;
    const [before, queriesBefore] = [this.#lookedAt, this.#queries];
    this.#lookedAt = clock.now();
    this.#queries = dnsQueries();
    const seconds = (this.#lookedAt - before) / 1_000;
    const sinceThen = ({ lastAnswer, ...watched }: WatchedAddress): WatchedAddress =>
      lastAnswer !== undefined && lastAnswer.at > before ? { ...watched, lastAnswer } : watched;
    this.#figures.note(step, {
      dnsQueries: (this.#queries - queriesBefore) / seconds,
      pools: new Map([...pools()].map(([name, pool]) => [name, pool.watchedAddresses().map(sinceThen)])),
    });
  }
}
