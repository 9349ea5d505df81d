import pRetry from "p-retry";
import { messageOf } from "../../core/message-of.ts";
import type { Clock, Random } from "../../core/ports.ts";
import { backoffMs } from "../../core/time/backoff.ts";
import { delayOrThrow } from "../../core/time/delay.ts";
import { earliestNext, FRESH_PACE, type Pace, spend } from "../../core/time/pace.ts";
import type { CatalogAnswer, CatalogFailure, ConsulCatalog } from "../../net/consul/catalog.ts";
import { nextIndex } from "./blocking-index.ts";
import {
  afterAnsweredWait,
  afterEarlyEnd,
  allowedWaitMs,
  endedEarly,
  isNewLimit,
  type LearnedWait,
  UNLIMITED_WAIT,
} from "./learned-wait.ts";
import { backoffRule, type ConsulWatchConfig, deadlineMs, paceRule } from "./watch-config.ts";

export interface WatchPorts {
  readonly catalog: ConsulCatalog;
  readonly clock: Clock;
  readonly random: Random;
}

/** Who is told of each answer and each failure. Its methods must not throw. */
export interface WatchObserver {
  answered(answer: CatalogAnswer, index: number): void;
  /** The next attempt comes after `delayMs` milliseconds. */
  failed(failure: CatalogFailure, attempt: number, delayMs: number): void;
  /** Something on the way ended a query that waited, after `tookMs` milliseconds; it is asked anew at once. */
  endedEarly(failure: CatalogFailure, tookMs: number): void;
  /** From now on queries wait so many milliseconds at most; `undefined`: as long as they like. */
  waitLimited(limitMs: number | undefined): void;
  /** Milliseconds that the next query should wait for a change. */
  waitMs(): number;
}

/**
 * Watches the service in one datacenter by blocking queries until the signal aborts; then resolves. Never rejects, never
 * gives up: a failure is followed by a new attempt at index 0 after a delay with full jitter. A wait that something on the way
 * ends early is no failure: index 0 is asked at once, which tells whether Consul is there, and what it lists now.
 */
export async function watchDatacenter(
  ports: WatchPorts,
  config: ConsulWatchConfig,
  datacenter: string | undefined,
  observer: WatchObserver,
  signal: AbortSignal,
): Promise<void> {
  const watch = new DatacenterWatch(ports, config, datacenter, observer, signal);
  try {
    for (;;) {
      await watch.step();
    }
  } catch (error) {
    if (!signal.aborted) {
      throw error;
    }
  }
}

class DatacenterWatch {
  readonly #ports: WatchPorts;
  readonly #config: ConsulWatchConfig;
  readonly #datacenter: string | undefined;
  readonly #observer: WatchObserver;
  readonly #signal: AbortSignal;
  #index = 0;
  #pace: Pace = FRESH_PACE;
  #startedAt = 0;
  #wait: LearnedWait = UNLIMITED_WAIT;

  constructor(
    ports: WatchPorts,
    config: ConsulWatchConfig,
    datacenter: string | undefined,
    observer: WatchObserver,
    signal: AbortSignal,
  ) {
    this.#ports = ports;
    this.#config = config;
    this.#datacenter = datacenter;
    this.#observer = observer;
    this.#signal = signal;
  }

  /** One answer, however many attempts it takes. Rejects when the signal aborts. */
  async step(): Promise<void> {
    const answer = await pRetry(() => this.#ask(), {
      retries: Number.POSITIVE_INFINITY,
      // p-retry caps after the randomising, so its jitter vanishes at the cap: the delay is ours, and it adds none.
      shouldConsumeRetry: () => false,
      onFailedAttempt: ({ error, attemptNumber }) => this.#backOff(error, attemptNumber),
      signal: this.#signal,
    });
    const previous = this.#index;
    this.#index = nextIndex(previous, answer.index);
    this.#observer.answered(answer, this.#index);
    const rule = paceRule(this.#config);
    await this.#sleepUntil(earliestNext(this.#pace, this.#startedAt, this.#index > previous, rule));
  }

  /** Asks until there is an answer or a failure: early ends are neither. */
  async #ask(): Promise<CatalogAnswer> {
    for (;;) {
      const answer = await this.#query().catch((error: unknown) => {
        this.#endedEarly(asFailure(error));
      });
      if (answer !== undefined) {
        this.#learn(afterAnsweredWait(this.#wait, this.#tookMs()));
        return answer;
      }
    }
  }

  async #query(): Promise<CatalogAnswer> {
    const rule = paceRule(this.#config);
    await this.#sleepUntil(earliestNext(this.#pace, this.#startedAt, true, rule));
    this.#startedAt = this.#ports.clock.now();
    this.#pace = spend(this.#pace, this.#startedAt, rule);
    const waitMs = allowedWaitMs(this.#wait, this.#observer.waitMs(), this.#startedAt);
    return await this.#ports.catalog.instances({
      selection: this.#config,
      ...(this.#datacenter === undefined ? {} : { datacenter: this.#datacenter }),
      index: this.#index,
      waitMs,
      deadlineMs: deadlineMs(this.#index, waitMs, this.#config.slackMs),
      signal: this.#signal,
    });
  }

  /** Takes note of an early end. @throws the failure when it is another one. */
  #endedEarly(failure: CatalogFailure): void {
    const tookMs = this.#tookMs();
    const brokenOff = failure.brokenOff === true;
    if (this.#signal.aborted || !endedEarly({ index: this.#index, tookMs, brokenOff })) {
      throw failure;
    }
    this.#index = 0;
    this.#observer.endedEarly(failure, tookMs);
    this.#learn(afterEarlyEnd(this.#wait, tookMs, this.#ports.clock.now()));
  }

  #learn(wait: LearnedWait): void {
    const before = this.#wait;
    this.#wait = wait;
    if (isNewLimit(before, wait)) {
      this.#observer.waitLimited(wait.limitMs);
    }
  }

  #tookMs(): number {
    return this.#ports.clock.now() - this.#startedAt;
  }

  async #backOff(error: Error, attempt: number): Promise<void> {
    this.#signal.throwIfAborted();
    this.#index = 0;
    const failure = asFailure(error);
    const delayMs = backoffMs(attempt, backoffRule(this.#config, failure.code), this.#ports.random());
    this.#observer.failed(failure, attempt, delayMs);
    await delayOrThrow(this.#ports.clock, delayMs, this.#signal);
  }

  async #sleepUntil(time: number): Promise<void> {
    await delayOrThrow(this.#ports.clock, time - this.#ports.clock.now(), this.#signal);
  }
}

/** Any error as a failure. A `TypeError`, which p-retry would not retry, is wrapped: a mistake of ours ends no watch. */
export function asFailure(error: unknown): CatalogFailure {
  if (
    error instanceof Error &&
    !(error instanceof TypeError) &&
    "code" in error &&
    typeof error.code === "string"
  ) {
    return error as CatalogFailure;
  }
  const message = messageOf(error);
  return Object.assign(new Error(message, { cause: error }), { code: "unexpected" });
}
