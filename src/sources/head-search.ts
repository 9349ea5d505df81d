import type { Clock, Logger, Random } from "../core/ports.ts";
import type { RpcProxy } from "../core/rpc-proxy.ts";
import type { ServerEndpoint } from "../core/server-endpoint.ts";
import { askOnce } from "../net/connection-pinger.ts";
import type { Connector } from "../net/held-connection.ts";
import { drawnOnce, type FleetWaits, type WaitLength } from "./fleet-waits.ts";
import { narrowWave, outageDelayMs, searchIntervalMs, waveMs } from "./health-pace.ts";
import type { Failing, KnownDown } from "./known-down.ts";
import { lasts } from "./lasting.ts";
import type { Penalties } from "./penalties.ts";
import { Search } from "./search.ts";
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

  /** `reason`: why the head is down. */
  begin(reason: string): void {
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
    const interval: WaitLength = (fleet) => searchIntervalMs(headInterval(fleet), fleet.numServers);
    const isSoon = sinceMs < interval(waits.fleet);
    this.#search = new Search({
      clock,
      waveMs: waveMs(timeoutMs),
      narrow: isSoon ? narrowWave(timeoutMs) : undefined,
      waits,
      drawWait: () => {
        const chance = drawnOnce(random);
        return (fleet) => outageDelayMs(interval(fleet), chance);
      },
      keys: byRank(ranks),
      rankOf: (key) => ranks.get(key) ?? 0,
      endpointOf: (key) => proxy.snapshot().members.get(key)?.endpoint,
      ping: (server, signal) => this.#ask(server, signal),
      onAnswer: ({ key }) => {
        onAnswer(key);
      },
      onDown: (server, error) => {
        onDown(server, { ...failureOf(error), closesAtOnce: known.closesAtOnce(server.key) });
      },
      onConfirmed: () => {
        logger.error({ servers: proxy.numServers(), reason }, "no server answers: the list stays as it is");
      },
    });
    // Whatever ends a search for nothing can't make it begin again without a wait.
    const isForNothing = snapshot.order.every((key) => known.has(key));
    const chance = drawnOnce(random);
    const isAgain = isForNothing && sinceMs < headInterval(waits.fleet);
    this.#search.start(isAgain ? (fleet) => outageDelayMs(headInterval(fleet), chance) : undefined);
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

  /** Without regard to the server's penalties. One that closed connections at once must keep this one open. */
  #ask(server: ServerEndpoint, signal: AbortSignal): Promise<void> {
    const { clock, connector, known, timeoutMs } = this.#ports;
    return askOnce(connector, server, { timeoutMs, signal }, async (connection) => {
      if (known.closesAtOnce(server.key)) {
        await lasts(connection, clock, signal);
      }
    });
  }
}
