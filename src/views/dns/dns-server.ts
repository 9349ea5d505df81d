import { isDeepStrictEqual } from "node:util";
import type { DnsAnswer } from "../../core/explain/explanation.ts";
import type { ShownPool } from "../../core/pool-view.ts";
import { AnsweringThread } from "./answering-thread.ts";
import { Counters, type CounterValues } from "./counters.ts";
import type { DnsPolicy, DnsServerOptions, DnsServerState } from "./dns-server-options.ts";
import { TableEncoder } from "./table/table-encoder.ts";
import { WAITING_PLACES } from "./thread/waiting-room.ts";
import { listenerOf, noteListener } from "./thread-listener.ts";
import type {
  DemandSettings,
  DemandVerdict,
  DnsAddress,
  QuestionNews,
  UdpListenerKind,
} from "./thread-messages.ts";
import { headAnswer } from "./zone/head-answer.ts";
import { reachableAddresses } from "./zone/reachable-addresses.ts";
import type { ZonePool } from "./zone/zone.ts";
import { zonePoolOf } from "./zone/zone-pool.ts";

/**
 * The DNS view of the pools. Answers are made here, on the thread that changes them, and given by others, which wait
 * for nothing this thread does.
 */
export class DnsServer {
  #options: DnsServerOptions;
  readonly #encoder: TableEncoder;
  #views: ReadonlyMap<string, ZonePool> = new Map();
  #publishes = false;
  #shown: readonly ShownPool[] = [];
  #unfollow: readonly (() => void)[] = [];
  #threads: readonly AnsweringThread[] = [];
  #addresses: readonly DnsAddress[] = [];

  constructor(options: DnsServerOptions) {
    this.#options = options;
    this.#encoder = new TableEncoder(
      {
        domain: options.domain.toLowerCase().replace(/\.$/, ""),
        nameServerAddresses: reachableAddresses(options.listen.map(({ host }) => host)),
      },
      policyOf(options),
    );
  }

  /** Resolves when every address is bound. @throws DnsServerError when one can't be; nothing is left running then. */
  async start(): Promise<void> {
    if (this.#threads.length > 0) {
      return;
    }
    const { listen, loading, sockets, tcpConnections, clock, logger, note } = this.#options;
    const waitingPlaces = WAITING_PLACES / sockets;
    const shared = {
      listener: this.#options.listener ?? "auto",
      sharesPort: sockets > 1,
      tcpConnections,
      answersPerSecond: this.#answersPerSecond(),
      waitingPlaces,
      demand: this.#demandOfThread(),
      uses: this.#options.uses ?? new SharedArrayBuffer(0),
      heard: this.#hear,
      clock,
      logger,
      note,
    };
    const first = new AnsweringThread(
      { ...shared, listen, loading, servesTcp: true },
      this.#encoder.encode(this.#views),
    );
    this.#threads = [first];
    try {
      this.#addresses = await first.start();
      // Once: other threads, and those that are started again, have the same.
      noteListener(listenerOf(first.state), logger);
      for (let socket = 1; socket < sockets; socket++) {
        const next = new AnsweringThread(
          { ...shared, listen: this.#addresses, servesTcp: false },
          this.#encoder.encode(this.#views),
        );
        this.#threads = [...this.#threads, next];
        await next.start();
      }
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Ends all threads and closes all sockets: what is asked from now on gets no answer. Follows no pool any more. */
  async stop(): Promise<void> {
    this.#unfollowAll();
    const threads = this.#threads;
    this.#threads = [];
    this.#addresses = [];
    await Promise.all(threads.map((thread) => thread.stop()));
  }

  /** Answers carry these times, and are limited so, as soon as the threads have read it. */
  configure({ consulNames, demand, negativeTtlSeconds, rateLimit, ttlSeconds }: DnsPolicy): void {
    const before = this.#options;
    this.#options = { ...before, consulNames, demand, negativeTtlSeconds, rateLimit, ttlSeconds };
    if (this.#encoder.configure(policyOf(this.#options))) {
      this.update(this.#views);
      if (consulNames?.answers !== before.consulNames?.answers && this.#shown.length > 0) {
        this.show(this.#shown);
      }
    }
    if (rateLimit !== before.rateLimit) {
      for (const thread of this.#threads) {
        thread.limit(this.#answersPerSecond());
      }
    }
    if (!isDeepStrictEqual(demand, before.demand)) {
      for (const thread of this.#threads) {
        thread.demand(this.#demandOfThread());
      }
    }
  }

  /** Gives free memory of the whole process back to the system, where it can; the system's calls are a thread's. */
  trimMemory(): void {
    this.#threads[0]?.trimMemory();
  }

  /** What becomes of a pool that questions wait for; it holds for `holdMs` milliseconds. */
  decide(pool: string, verdict: DemandVerdict, holdMs: number): void {
    for (const thread of this.#threads) {
      thread.decide(pool, verdict, holdMs);
    }
  }

  /** Answers follow these pools, and no others, until the next call or the stop. */
  show(pools: readonly ShownPool[]): void {
    this.#unfollowAll();
    this.#shown = pools;
    const answersAll = this.#options.consulNames?.answers === "all";
    const foundDown = (pool: ShownPool) => (answersAll ? pool.foundDown : undefined);
    const update = () => {
      this.update(new Map(pools.map((pool) => [pool.name, zonePoolOf(pool, foundDown(pool)?.keys())])));
    };
    this.#unfollow = pools.flatMap((pool) => [
      pool.subscribe(update),
      foundDown(pool)?.subscribe(update) ?? (() => undefined),
    ]);
    update();
  }

  /**
   * Answers are of these lists from now on, all at once, within milliseconds. Several calls in one turn of the event
   * loop cost one encoding.
   */
  update(pools: ReadonlyMap<string, ZonePool>): void {
    if (!this.#publishes) {
      this.#publishes = true;
      queueMicrotask(() => {
        this.#publish();
      });
    }
    this.#views = pools;
  }

  /** What is answered, as soon as the threads have the present lists, to the question for the head of a pool. */
  answerOf(pool: string): DnsAnswer {
    return headAnswer(this.#encoder.settings, pool, this.#views.get(pool), this.#encoder.consulSettings);
  }

  /** Where it listens, with the ports the system chose; empty when stopped. */
  addresses(): readonly DnsAddress[] {
    return this.#addresses;
  }

  /** What takes queries over UDP; undefined while nothing does. */
  listener(): UdpListenerKind["kind"] | undefined {
    return this.#threads.map(({ state }) => listenerOf(state)).find((listener) => listener !== undefined)
      ?.kind;
  }

  state(): DnsServerState {
    const states = this.#threads.map((thread) => thread.state);
    const restarts = this.threadRestarts();
    const serving = states.filter(({ kind }) => kind === "serving").length;
    const lost = states.find((state) => state.kind === "restarting");
    if (lost !== undefined) {
      return { kind: "restarting", since: lost.since, reason: lost.reason, serving, restarts };
    }
    if (states.length === 0) {
      return { kind: "stopped" };
    }
    return serving === this.#options.sockets ? { kind: "serving", restarts } : { kind: "starting" };
  }

  /** How often a thread was started again because it had died. */
  threadRestarts(): number {
    return this.#threads.reduce((sum, thread) => sum + thread.restarts, 0);
  }

  /** Sums over all threads since `start`; reading them disturbs no thread. */
  counters(): CounterValues {
    return Counters.sum(this.#threads.map((thread) => thread.counters));
  }

  /** Questions since `start`, over all threads. */
  queries(): number {
    return this.counters().requests.reduce((sum, { count }) => sum + count, 0);
  }

  readonly #hear = (news: QuestionNews): void => {
    const { asked, wanted } = this.#options;
    if (news.kind === "wanted") {
      wanted?.(news.pool);
    } else {
      asked?.(news.slot);
    }
  };

  /** Of one thread. */
  #answersPerSecond(): number | undefined {
    const { rateLimit, sockets } = this.#options;
    return rateLimit && rateLimit / sockets;
  }

  #demandOfThread(): DemandSettings | undefined {
    const { demand, sockets } = this.#options;
    return demand && { ...demand, startsPerSecond: demand.startsPerSecond / sockets };
  }

  #unfollowAll(): void {
    for (const unfollow of this.#unfollow) {
      unfollow();
    }
    this.#unfollow = [];
    this.#shown = [];
  }

  #publish(): void {
    this.#publishes = false;
    const table = this.#encoder.encode(this.#views);
    for (const thread of this.#threads) {
      thread.publish(table);
    }
    this.#options.onPublished?.();
  }
}

function policyOf({ consulNames, negativeTtlSeconds, ttlSeconds }: DnsPolicy) {
  return { consulNames, negativeTtlSeconds, ttlSeconds };
}
