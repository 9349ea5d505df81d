import type { Clock, Logger, Random } from "../../../../src/core/ports.ts";
import type { RpcProxy } from "../../../../src/core/rpc-proxy.ts";
import type { ServerEndpoint } from "../../../../src/core/server-endpoint.ts";
import {
  outageDelayMs,
  SEARCH_SPACING_MS,
  searchIntervalMs,
  waveMs,
} from "../../../../src/core/time/fleet-pace.ts";
import { drawnOnce, type FleetWaits, type WaitLength } from "../../../../src/core/time/fleet-waits.ts";
import { askOnce } from "../../../../src/net/connection/connection-pinger.ts";
import type { Connector, HeldConnection } from "../../../../src/net/connection/held-connection.ts";
import type { Penalties } from "../../../../src/sources/health/penalties.ts";
import { Search } from "../../../../src/sources/health/search.ts";
import type { Failing, KnownDown } from "./known-down.ts";
import { lasts } from "./lasting.ts";
import { byRank, searchRanks } from "./search-order.ts";
import { failureOf } from "./server-watch.ts";

interface HeadSearchPorts {
  readonly proxy: Pick<RpcProxy, "snapshot" | "numServers">;
  readonly connector: Connector;
  readonly penalties: Penalties;
  readonly known: KnownDown;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly waits: FleetWaits;
  readonly timeoutMs: number;
  /** From one ping of the head to the next. */
  readonly headInterval: WaitLength;
  readonly onAnswer: (key: string) => void;
  readonly onDown: (server: ServerEndpoint, failing: Failing) => void;
}

/** The search for a head, one at a time: in which order the servers of the list are asked, how, and how soon after the last search. */
export class HeadSearch {
  readonly #ports: HeadSearchPorts;
  #search: Search | undefined;
  /** Whether only a connection that lasts counts as an answer: any server that closes connections at once seems to answer. */
  #mustLast = false;
  #endedAt = Number.NEGATIVE_INFINITY;

  constructor(ports: HeadSearchPorts) {
    this.#ports = ports;
  }

  get isUnderWay(): boolean {
    return this.#search !== undefined;
  }

  /** Every server was asked, and none answered. */
  get isConfirmed(): boolean {
    return this.#search?.isConfirmed === true;
  }

  /** Whether an answer, over a connection that lasted or one that was just opened, is enough to become head. */
  believes(lasted: boolean): boolean {
    return this.isUnderWay && (lasted || !this.#mustLast);
  }

  /** `reason`: why the head is down. */
  begin(reason: string, notBeforeMs = 0): void {
    const {
      clock,
      headInterval,
      known,
      logger,
      onAnswer,
      onDown,
      penalties,
      proxy,
      random,
      timeoutMs,
      waits,
    } = this.#ports;
    const snapshot = proxy.snapshot();
    const ranks = searchRanks(snapshot, penalties);
    const sinceMs = clock.now() - this.#endedAt;
    const mustLast = snapshot.head !== undefined && known.closesAtOnce(snapshot.head.key);
    this.#mustLast = mustLast;
    const closing = new Set<string>();
    this.#search = new Search({
      clock,
      waveMs: waveMs(timeoutMs),
      isPaced: sinceMs < searchIntervalMs(headInterval(waits.fleet), proxy.numServers()),
      waits,
      drawWait: () => {
        const chance = drawnOnce(random);
        return (fleet) => outageDelayMs(headInterval(fleet), chance);
      },
      spacingMs: SEARCH_SPACING_MS,
      keys: byRank(ranks),
      rankOf: (key) => ranks.get(key) ?? 0,
      endpointOf: (key) => proxy.snapshot().members.get(key)?.endpoint,
      ping: (server, signal) =>
        this.#ask(server, signal, async (connection) => {
          if (mustLast || known.closesAtOnce(server.key)) {
            closing.add(server.key);
            await lasts(connection, clock, signal);
            closing.delete(server.key);
          }
        }),
      onAnswer: ({ key }) => {
        onAnswer(key);
      },
      onDown: (server, error) => {
        const closesAtOnce = known.closesAtOnce(server.key) || closing.has(server.key);
        onDown(server, { ...failureOf(error), closesAtOnce });
      },
      onConfirmed: () => {
        logger.error({ servers: proxy.numServers(), reason }, "no server answers: the list stays as it is");
      },
    });
    // Whatever ends a search for nothing can't make it begin again without a wait.
    const isForNothing = snapshot.order.every((key) => known.has(key));
    const chance = drawnOnce(random);
    const isAgain = isForNothing && sinceMs < headInterval(waits.fleet);
    const delay: WaitLength = (fleet) =>
      Math.max(notBeforeMs, isAgain ? outageDelayMs(headInterval(fleet), chance) : 0);
    this.#search.start(isAgain || notBeforeMs > 0 ? delay : undefined);
  }

  /** Asks servers that came since, too. */
  include(keys: Iterable<string>): void {
    this.#search?.include(keys);
  }

  end(): void {
    if (this.#search !== undefined) {
      this.#search.end();
      this.#search = undefined;
      this.#endedAt = this.#ports.clock.now();
    }
  }

  /** Without regard to the server's penalties. */
  #ask(
    server: ServerEndpoint,
    signal: AbortSignal,
    whileOpen: (connection: HeldConnection) => Promise<void>,
  ): Promise<void> {
    const { connector, timeoutMs } = this.#ports;
    return askOnce(connector, server, { timeoutMs, signal }, whileOpen);
  }
}
