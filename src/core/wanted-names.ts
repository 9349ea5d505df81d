import { LeftOut } from "./left-out.ts";
import { atAbort } from "./life.ts";
import type { NameBook } from "./name-book.ts";
import type { Clock, Logger, Random, Resolver } from "./ports.ts";
import { EndpointError } from "./rpc-addr.ts";
import type { ServerEndpoint } from "./server-endpoint.ts";
import { delay } from "./time/delay.ts";

/** The first retry comes within this time, and each later one within twice the time of the one before. */
const FIRST_RETRY_MS = 1_000;

/** A nameserver that is back is noticed within this time, as long as few names fail. */
const MAX_RETRY_MS = 5_000;

/** What each failing name adds to the longest wait: 100 make 40 look-ups a second in all, and so do 1,000. */
const RETRY_MS_PER_NAME = 50;

/** The failing names are looked through at most once in this time: a thousand of them fail 40 times a second. */
const TELL_INTERVAL_MS = 1_000;

/** Who wants names, and is told what becomes of them. */
export interface Wanter {
  /** By key; without addresses. */
  readonly names: ReadonlyMap<string, ServerEndpoint>;
  /** How many more there would be, were they not too many. */
  readonly leftOut: number;
  /** Once for each name, which ends the wanting of it. */
  found(endpoint: ServerEndpoint): void;
  /** Each time that a name was asked for in vain; at once for one that is known to fail. */
  failed(endpoint: ServerEndpoint, error: EndpointError): void;
  /** Nothing more is told: another wanter took the place, or all ends. */
  replaced(): void;
}

interface Wanted {
  readonly endpoint: ServerEndpoint;
  readonly by: Set<Wanter>;
  /** Ends the look-up, or the wait for the next one. */
  readonly unwanted: AbortController;
  failure: EndpointError | undefined;
}

/**
 * The names that somebody wants as servers and that have no address yet, whatever source they are of. Each is asked for
 * at once, and again after growing random waits, until it is found or nobody wants it.
 */
export class WantedNames {
  readonly #names: NameBook;
  readonly #ports: { readonly clock: Clock; readonly random: Random; readonly logger: Logger };
  readonly #wanters = new Map<unknown, readonly Wanter[]>();
  readonly #wanted = new Map<string, Wanted>();
  /** Retries have one queue: new names don't stand behind them. */
  readonly #retries: Resolver;
  readonly #leftOut = new LeftOut();
  #toldAt = Number.NEGATIVE_INFINITY;
  #hasEnded = false;

  constructor(
    names: NameBook,
    ports: { readonly clock: Clock; readonly random: Random; readonly logger: Logger },
  ) {
    this.#names = names;
    this.#ports = ports;
    this.#retries = names.lane();
  }

  /** From now on these stand in `place`. A name that those before wanted, too, is not asked for anew. */
  want(place: unknown, wanters: readonly Wanter[]): void {
    const before = this.#wanters.get(place) ?? [];
    this.#wanters.set(place, wanters);
    this.#noteLeftOut(wanters, before);
    const lane = this.#names.lane();
    for (const wanter of wanters) {
      for (const endpoint of wanter.names.values()) {
        this.#join(endpoint, wanter, lane);
      }
    }
    this.#leave(before);
  }

  /** Nobody stands in `place` any more. */
  unwant(place: unknown): void {
    const wanters = this.#wanters.get(place) ?? [];
    this.#wanters.delete(place);
    this.#leave(wanters);
  }

  /**
   * Until the signal aborts; then nobody wants anything, and what fails later is not asked for again until the next
   * run.
   */
  run(signal: AbortSignal): Promise<void> {
    this.#hasEnded = false;
    return atAbort(signal, () => {
      this.#hasEnded = true;
      for (const place of [...this.#wanters.keys()]) {
        this.unwant(place);
      }
    });
  }

  /** Names that were asked for in vain, and why, so many at most. */
  failing(most: number): readonly { readonly key: string; readonly reason: string }[] {
    return this.#wanted
      .values()
      .filter(({ failure }) => failure !== undefined)
      .take(most)
      .map(({ endpoint, failure }) => ({ key: endpoint.key, reason: failure?.expectation ?? "" }))
      .toArray();
  }

  #join(endpoint: ServerEndpoint, wanter: Wanter, lane: Resolver): void {
    const known = this.#wanted.get(endpoint.key);
    if (known === undefined) {
      this.#begin(endpoint, wanter, lane);
      return;
    }
    known.by.add(wanter);
    if (known.failure !== undefined) {
      wanter.failed(endpoint, known.failure);
    }
  }

  #leave(wanters: readonly Wanter[]): void {
    for (const wanter of wanters) {
      for (const key of wanter.names.keys()) {
        this.#leaveName(key, wanter);
      }
      wanter.replaced();
    }
  }

  #leaveName(key: string, wanter: Wanter): void {
    const wanted = this.#wanted.get(key);
    if (wanted?.by.delete(wanter) && wanted.by.size === 0) {
      this.#wanted.delete(key);
      wanted.unwanted.abort(new Error("nobody wants it any more"));
    }
  }

  #noteLeftOut(wanters: readonly Wanter[], before: readonly Wanter[]): void {
    const leftOut = leftOutOf(wanters);
    if (leftOut > 0) {
      const level = leftOutOf(before) > 0 ? "debug" : "warn";
      const fields = { leftOut, taken: wanters.reduce((sum, { names }) => sum + names.size, 0) };
      this.#ports.logger[level](fields, "too many names of servers in a list: some are left out");
    }
  }

  #begin(endpoint: ServerEndpoint, wanter: Wanter, lane: Resolver): void {
    const wanted: Wanted = {
      endpoint,
      by: new Set([wanter]),
      unwanted: new AbortController(),
      failure: undefined,
    };
    this.#wanted.set(endpoint.key, wanted);
    void this.#pursue(wanted, lane);
  }

  async #pursue(wanted: Wanted, firstLane: Resolver): Promise<void> {
    const { endpoint, by, unwanted } = wanted;
    const isUnwanted = () => unwanted.signal.aborted;
    for (let failures = 0; !isUnwanted(); ) {
      const lane = failures === 0 ? firstLane : this.#retries;
      const outcome = await this.#names.lookUp(endpoint, lane, unwanted.signal);
      if (isUnwanted()) {
        return;
      }
      if (!(outcome instanceof EndpointError)) {
        this.#wanted.delete(endpoint.key);
        for (const wanter of [...by]) {
          wanter.found(outcome);
        }
        return;
      }
      failures += 1;
      wanted.failure = outcome;
      for (const wanter of [...by]) {
        wanter.failed(endpoint, outcome);
      }
      if (this.#hasEnded) {
        this.#wanted.delete(endpoint.key);
        return;
      }
      this.#tell();
      await delay(this.#ports.clock, this.#retryMs(failures), unwanted.signal);
    }
  }

  /** Full jitter below a limit that doubles up to a cap, and the more names are wanted, the higher is the cap. */
  #retryMs(failures: number): number {
    const cap = Math.max(MAX_RETRY_MS, this.#wanted.size * RETRY_MS_PER_NAME);
    return this.#ports.random() * Math.min(cap, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20));
  }

  #tell(): void {
    const { clock, logger } = this.#ports;
    if (clock.now() - this.#toldAt < TELL_INTERVAL_MS) {
      return;
    }
    this.#toldAt = clock.now();
    const failing = [...this.#wanted.values()].flatMap(({ endpoint, failure }) =>
      failure === undefined ? [] : [{ id: endpoint.key, reason: failure.expectation }],
    );
    const news = this.#leftOut.news(failing, clock.now());
    if (news !== undefined) {
      logger.warn({ names: failing.length }, `names of servers that can't be used yet: ${news}`);
    }
  }
}

function leftOutOf(wanters: readonly Wanter[]): number {
  return wanters.reduce((sum, { leftOut }) => sum + leftOut, 0);
}
