import { withinDeadline } from "./ping-deadline.ts";
import type { Clock, Logger, PingContext, Pinger, Random } from "./ports.ts";
import { orderFrom, shuffledOrder } from "./rebalance.ts";
import type { Observe } from "./routine.ts";
import type { ServerEndpoint } from "./server-endpoint.ts";
import type { Snapshot, Tier } from "./snapshot.ts";

interface RebalancerPorts {
  readonly pinger: Pinger;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly avoids?: ((key: string) => boolean) | undefined;
  readonly observe?: Observe | undefined;
}

interface PingOptions extends Omit<PingContext, "signal"> {
  /** Milliseconds that a server has to answer. */
  readonly timeoutMs: number;
}

/** The list that is rebalanced; it may change while a ping is waited for. */
interface RebalancedList {
  snapshot(): Snapshot;
  /** True when the list took the order. */
  takeOrder(order: readonly string[], reason: string | undefined): boolean;
}

export interface RebalanceOptions {
  readonly signal?: AbortSignal | undefined;
  /** A few words for people, kept in the snapshot's cause. */
  readonly reason?: string | undefined;
  /** Only servers of this tier are pinged, so only one of them can become head. Without it, all. */
  readonly tier?: Tier | undefined;
}

interface Rebalance {
  readonly signal: AbortSignal | undefined;
  /** Keys of servers that did not answer, or were reported as failed since it began. */
  readonly failed: Set<string>;
  readonly outcome: Promise<boolean>;
}

/** Finds a new order by pinging: see `RpcProxy.rebalanceServers` for what it promises. */
export class Rebalancer {
  readonly #ports: RebalancerPorts;
  readonly #ping: () => PingOptions;
  readonly #list: RebalancedList;
  #current: Rebalance | undefined;

  /** @param ping looked at for each ping. */
  constructor(ports: RebalancerPorts, ping: () => PingOptions, list: RebalancedList) {
    this.#ports = ports;
    this.#ping = ping;
    this.#list = list;
  }

  /**
   * Joins the rebalance that runs, unless that one has been aborted: it changes nothing any more, and a new one begins.
   */
  rebalance(options: RebalanceOptions): Promise<boolean> {
    const current = this.#current;
    return current === undefined || current.signal?.aborted
      ? this.#begin(options)
      : untilAborted(current.outcome, options.signal);
  }

  /** The server, head or not, does not become head by the rebalance that runs now. */
  reportFailed(key: string): void {
    this.#current?.failed.add(key);
  }

  #begin(options: RebalanceOptions): Promise<boolean> {
    const { promise: outcome, resolve } = Promise.withResolvers<boolean>();
    const rebalance: Rebalance = { signal: options.signal, failed: new Set(), outcome };
    this.#current = rebalance;
    resolve(
      this.#run(rebalance, options).finally(() => {
        if (this.#current === rebalance) {
          this.#current = undefined;
        }
      }),
    );
    return outcome;
  }

  async #run({ signal, failed }: Rebalance, { reason, tier }: RebalanceOptions): Promise<boolean> {
    const snapshot = this.#list.snapshot();
    if (snapshot.size < 2) {
      return false;
    }
    const plan = shuffledOrder(snapshot, this.#ports.random);
    let pinged = 0;
    for (const [position, key] of plan.entries()) {
      const member = this.#list.snapshot().members.get(key);
      if (signal?.aborted) {
        return false;
      }
      if (member === undefined || failed.has(key) || (tier ?? member.tier) !== member.tier) {
        continue;
      }
      const isAvoided = this.#ports.avoids?.(key) === true;
      pinged += isAvoided ? 0 : 1;
      if (!isAvoided && (await this.#answers(member.endpoint, signal)) && !failed.has(key)) {
        return !signal?.aborted && this.#take(orderFrom(plan, position, failed), reason, pinged);
      }
      failed.add(key);
    }
    if (!signal?.aborted) {
      this.#ports.observe?.({ kind: "rebalance-ended", result: "failed", pinged, answered: 0 });
    }
    return false;
  }

  #take(order: readonly string[], reason: string | undefined, pinged: number): boolean {
    const isTaken = this.#list.takeOrder(order, reason);
    const result = isTaken ? "changed" : "kept";
    this.#ports.observe?.({ kind: "rebalance-ended", result, pinged, answered: 1 });
    return isTaken;
  }

  /** Whether the server answered a ping in time; the reason why not is logged at debug. */
  async #answers(server: ServerEndpoint, signal: AbortSignal | undefined): Promise<boolean> {
    const { clock, logger, pinger } = this.#ports;
    const { timeoutMs, ...context } = this.#ping();
    try {
      await withinDeadline(clock, timeoutMs, signal, (pingSignal) =>
        pinger.ping(server, { ...context, signal: pingSignal }),
      );
      return true;
    } catch (error) {
      logger.debug({ server: server.key, err: error }, "rebalance: server did not answer");
      return false;
    }
  }
}

/** The outcome, or false as soon as the signal aborts; leaves no listener behind. */
async function untilAborted(outcome: Promise<boolean>, signal: AbortSignal | undefined): Promise<boolean> {
  const aborted = Promise.withResolvers<boolean>();
  const giveUp = () => {
    aborted.resolve(false);
  };
  signal?.addEventListener("abort", giveUp, { once: true });
  try {
    return signal?.aborted ? false : await Promise.race([outcome, aborted.promise]);
  } finally {
    signal?.removeEventListener("abort", giveUp);
  }
}
