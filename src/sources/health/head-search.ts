import type { Clock, Random } from "../../core/ports.ts";
import type { Observe } from "../../core/routine.ts";
import type { RpcProxy } from "../../core/rpc-proxy.ts";
import { Running } from "../../core/running.ts";
import { outageDelayMs, SEARCH_SPACING_MS, waveMs } from "../../core/time/fleet-pace.ts";
import { drawnOnce, type FleetWaits, type WaitLength } from "../../core/time/fleet-waits.ts";
import { askOnce } from "../../net/connection/connection-pinger.ts";
import type { Connector } from "../../net/connection/held-connection.ts";
import { observedPing } from "../../net/connection/ping-result.ts";
import { failureOf, reasonOf } from "./failure-of.ts";
import type { Health, HealthEvent, SearchPlan } from "./health-state.ts";
import { lasts } from "./lasting.ts";
import { Search } from "./search.ts";
import { byRank } from "./search-order.ts";
import { closesAtOnce } from "./server-health.ts";
import type { Planned } from "./turns.ts";
import type { WatchPauses } from "./watch-pauses.ts";

interface HeadSearchPorts {
  readonly proxy: Pick<RpcProxy, "snapshot">;
  readonly connector: Connector;
  readonly clock: Clock;
  readonly random: Random;
  readonly waits: FleetWaits;
  readonly timeoutMs: () => number;
  readonly pauses: WatchPauses;
  /** What is known now. */
  readonly health: () => Health;
  readonly report: (event: HealthEvent) => void;
  readonly observe?: Observe | undefined;
}

/** Carries out the search for a head, one at a time, as it was planned. */
export class HeadSearch {
  readonly #ports: HeadSearchPorts;
  readonly #running = new Running<Search>();
  #search: Search | undefined;

  constructor(ports: HeadSearchPorts) {
    this.#ports = ports;
  }

  begin({ isAgain, isPaced, mustLast, notBeforeMs, ranks }: SearchPlan): void {
    const { clock, health, pauses, proxy, random, report, timeoutMs, waits } = this.#ports;
    const drawRetry = (): WaitLength => {
      const chance = drawnOnce(random);
      return (fleet) => outageDelayMs(pauses.headInterval(fleet), chance);
    };
    /** Servers whose connection, just opened, is watched for whether it lasts. */
    const closing = new Set<string>();
    const search = new Search({
      drawFirst: () => {
        const retry = drawRetry();
        const first: WaitLength = (fleet) => Math.max(notBeforeMs, isAgain ? retry(fleet) : 0);
        return isAgain || notBeforeMs > 0 ? first : undefined;
      },
      clock,
      waveMs: waveMs(timeoutMs()),
      isPaced,
      waits,
      drawWait: drawRetry,
      spacingMs: SEARCH_SPACING_MS,
      keys: byRank(ranks),
      rankOf: (key) => ranks.get(key) ?? 0,
      endpointOf: (key) => proxy.snapshot().members.get(key)?.endpoint,
      ping: (server, signal) =>
        // Without regard to the server's penalties.
        this.#observed(
          server.key,
          askOnce(this.#ports.connector, server, { timeoutMs: timeoutMs(), signal }, async (connection) => {
            if (mustLast || closesAtOnce(health().records, server.key)) {
              closing.add(server.key);
              await lasts(connection, clock, signal);
              closing.delete(server.key);
            }
          }),
        ),
      onAnswer: ({ key }) => {
        report({ kind: "found", key });
      },
      onDown: (server, error) => {
        const failing = { ...failureOf(error), closesAtOnce: closing.has(server.key) };
        report({ kind: "asked-in-vain", server, failing });
      },
      onNotAsked: (server, error) => {
        report({ kind: "not-asked", server, reason: reasonOf(error) });
      },
      onConfirmed: () => {
        report({ kind: "all-asked-in-vain" });
      },
    });
    this.#search = search;
    this.#running.follow([search]);
  }

  /** Whom it asks next, and when, by `Clock.now`. */
  next(): Planned | undefined {
    return this.#search?.next();
  }

  /** Asks servers that came since, too. */
  include(keys: readonly string[]): void {
    this.#search?.include(keys);
  }

  /** Resolves when no connection is left. */
  async end(): Promise<void> {
    this.#search = undefined;
    await this.#running.end();
  }

  #observed(server: string, ping: Promise<void>): Promise<void> {
    return observedPing(ping, (result) => {
      this.#ports.observe?.({ kind: "pinged", role: "candidate", server, result });
    });
  }
}
