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
import { type Listing, listingOf } from "./listing.ts";
import { backoffRule, type ConsulWatchConfig, deadlineMs, paceRule } from "./watch-config.ts";

export interface WatchPorts {
  readonly catalog: ConsulCatalog;
  readonly clock: Clock;
  readonly random: Random;
}

/** What a watch of one datacenter yields. */
export type WatchEvent =
  /** `index` is the next query's. */
  | { readonly kind: "answered"; readonly listing: Listing; readonly index: number }
  /** The next attempt comes after `delayMs` milliseconds; `attempt` counts failures since the last answer, from 1. */
  | {
      readonly kind: "failed";
      readonly failure: CatalogFailure;
      readonly attempt: number;
      readonly delayMs: number;
    }
  /** Something on the way ended a query that waited, after `tookMs` milliseconds; Consul is asked anew at once. */
  | { readonly kind: "ended-early"; readonly failure: CatalogFailure; readonly tookMs: number }
  /** From now on queries wait so many milliseconds at most; `undefined`: as long as they like. */
  | { readonly kind: "wait-limited"; readonly limitMs: number | undefined };

/** What is watched, and for how long its queries should wait. */
export interface WatchedDatacenter {
  /** `undefined` is the datacenter of the asked agent. */
  readonly name: string | undefined;
  /** Read before each query: milliseconds that the query should wait for a change. */
  readonly waitMs: () => number;
}

/**
 * Watches the service in one datacenter by blocking queries until the signal aborts; then returns. Never throws, never
 * gives up: a failure is followed by a new attempt at index 0 after a delay with full jitter. A wait that something on
 * the way ends early is no failure: index 0 is asked at once, which tells whether Consul is there, and what it lists
 * now. No query is open and no timer runs while an event is handled. An event that came just before the abort may still
 * be yielded.
 */
export async function* watchDatacenter(
  ports: WatchPorts,
  config: ConsulWatchConfig,
  datacenter: WatchedDatacenter,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent, void, undefined> {
  try {
    yield* new DatacenterWatch(ports, config, datacenter, signal).events();
  } catch (error) {
    if (!signal.aborted) {
      throw error;
    }
  }
}

class DatacenterWatch {
  readonly #ports: WatchPorts;
  readonly #config: ConsulWatchConfig;
  readonly #datacenter: WatchedDatacenter;
  readonly #signal: AbortSignal;
  #index = 0;
  /** Whether the last answer moved the index: only then may the next query use the burst of the pace. */
  #hasMoved = true;
  #pace: Pace = FRESH_PACE;
  #startedAt = 0;
  #wait: LearnedWait = UNLIMITED_WAIT;
  /** Failures since the last answer. */
  #failures = 0;

  constructor(
    ports: WatchPorts,
    config: ConsulWatchConfig,
    datacenter: WatchedDatacenter,
    signal: AbortSignal,
  ) {
    this.#ports = ports;
    this.#config = config;
    this.#datacenter = datacenter;
    this.#signal = signal;
  }

  /** Throws when the signal aborts. */
  async *events(): AsyncGenerator<WatchEvent, never, undefined> {
    for (;;) {
      const outcome = await this.#query().catch(asFailure);
      this.#signal.throwIfAborted();
      const tookMs = this.#ports.clock.now() - this.#startedAt;
      if (!(outcome instanceof Error)) {
        yield* this.#answered(outcome, tookMs);
      } else if (endedEarly({ index: this.#index, tookMs, brokenOff: outcome.brokenOff === true })) {
        yield* this.#endedEarly(outcome, tookMs);
      } else {
        yield* this.#failed(outcome);
      }
    }
  }

  async #query(): Promise<CatalogAnswer> {
    const { catalog, clock } = this.#ports;
    const { name, waitMs: wantedMs } = this.#datacenter;
    const rule = paceRule(this.#config);
    await this.#delay(earliestNext(this.#pace, this.#startedAt, this.#hasMoved, rule) - clock.now());
    this.#startedAt = clock.now();
    this.#pace = spend(this.#pace, this.#startedAt, rule);
    const waitMs = allowedWaitMs(this.#wait, wantedMs(), this.#startedAt);
    return await catalog.instances({
      selection: this.#config,
      ...(name === undefined ? {} : { datacenter: name }),
      index: this.#index,
      waitMs,
      deadlineMs: deadlineMs(this.#index, waitMs, this.#config.slackMs),
      signal: this.#signal,
    });
  }

  *#answered(answer: CatalogAnswer, tookMs: number): Generator<WatchEvent> {
    const index = nextIndex(this.#index, answer.index);
    this.#hasMoved = index > this.#index;
    this.#index = index;
    this.#failures = 0;
    yield* this.#learn(afterAnsweredWait(this.#wait, tookMs));
    yield { kind: "answered", listing: listingOf(answer, this.#config.service), index };
  }

  *#endedEarly(failure: CatalogFailure, tookMs: number): Generator<WatchEvent> {
    this.#startAgain();
    yield { kind: "ended-early", failure, tookMs };
    yield* this.#learn(afterEarlyEnd(this.#wait, tookMs, this.#ports.clock.now()));
  }

  async *#failed(failure: CatalogFailure): AsyncGenerator<WatchEvent, void, undefined> {
    this.#startAgain();
    this.#failures += 1;
    const attempt = this.#failures;
    const delayMs = backoffMs(attempt, backoffRule(this.#config, failure.code), this.#ports.random());
    yield { kind: "failed", failure, attempt, delayMs };
    await this.#delay(delayMs);
  }

  *#learn(wait: LearnedWait): Generator<WatchEvent> {
    const before = this.#wait;
    this.#wait = wait;
    if (isNewLimit(before, wait)) {
      yield { kind: "wait-limited", limitMs: wait.limitMs };
    }
  }

  #startAgain(): void {
    this.#index = 0;
    this.#hasMoved = true;
  }

  #delay(delayMs: number): Promise<void> {
    return delayOrThrow(this.#ports.clock, delayMs, this.#signal);
  }
}

/**
 * Any error as a failure. A `TypeError`, whatever its code, is a mistake of ours: it is told as such, and ends no
 * watch.
 */
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
