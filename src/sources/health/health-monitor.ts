import { atAbort, Life } from "../../core/life.ts";
import type { WatchedAddress } from "../../core/pool-view.ts";
import type { Clock, Random } from "../../core/ports.ts";
import type { Observe } from "../../core/routine.ts";
import type { RpcProxy } from "../../core/rpc-proxy.ts";
import type { Runnable } from "../../core/running.ts";
import type { ServerEndpoint } from "../../core/server-endpoint.ts";
import { FleetWaits } from "../../core/time/fleet-waits.ts";
import type { Connector, HeldConnection } from "../../net/connection/held-connection.ts";
import { type ActingPorts, carryOut } from "./carry-out.ts";
import { decide } from "./decide.ts";
import type { Findings } from "./found-lately.ts";
import { checkServer } from "./head-check.ts";
import { HeadSearch } from "./head-search.ts";
import {
  type Health,
  type HealthConfig,
  type HealthEvent,
  NOTHING_KNOWN,
  type View,
} from "./health-state.ts";
import { type HealthStatus, healthStatus } from "./health-status.ts";
import { searchEnded } from "./replace-head.ts";
import { WatchPauses } from "./watch-pauses.ts";
import { Watches } from "./watches.ts";

export type { HealthConfig } from "./health-state.ts";

export interface HealthPorts extends ActingPorts {
  readonly proxy: ActingPorts["proxy"] & Pick<RpcProxy, "snapshot" | "subscribe" | "numNodes" | "numServers">;
  readonly connector: Connector;
  readonly clock: Clock;
  readonly random: Random;
  /** Hears of each ping. */
  readonly observe?: Observe | undefined;
  /** Whether nobody asks for the pool: then its servers are pinged less often. By default somebody does. */
  readonly isIdle?: (() => boolean) | undefined;
  /** Called after servers were found down, or have answered again. */
  readonly findingsChanged?: (() => void) | undefined;
}

/**
 * Watches for the clients, who only ask DNS: holds a connection to the head and one to the next server, and reports a
 * failed head to the proxy. When the next server fails, too, all are asked, and the first that answers becomes the
 * head; until then the order stays. What is known is one value, and what follows from an event is decided purely: here
 * it is carried out.
 */
export class HealthMonitor implements Runnable {
  readonly #ports: HealthPorts;
  #config: HealthConfig;
  readonly #watches: Watches;
  readonly #search: HeadSearch;
  readonly #waits: FleetWaits;
  #health: Health;
  readonly #checks = new Map<string, Promise<"up" | "down" | undefined>>();
  readonly #life = new Life();

  /** @param known what a monitor before this one knew of the servers. */
  constructor(ports: HealthPorts, config: HealthConfig, known: Health = NOTHING_KNOWN) {
    this.#ports = ports;
    this.#config = config;
    this.#health = known;
    this.#waits = new FleetWaits(ports.clock, ports.proxy);
    const parts = {
      ...ports,
      timeoutMs: () => this.#config.timeoutMs,
      waits: this.#waits,
      pauses: new WatchPauses(
        {
          intervalMs: () => this.#config.intervalMs,
          idleIntervalMs: () => this.#config.idleIntervalMs,
          isIdle: () => ports.isIdle?.() === true,
        },
        ports.random,
      ),
      health: () => this.#health,
      report: (event: HealthEvent) => {
        this.#take(event);
      },
    };
    this.#watches = new Watches(parts);
    this.#search = new HeadSearch(parts);
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#life.run(signal, () => {
      const unsubscribe = this.#ports.proxy.subscribe(({ cause, head }) => {
        this.#take({
          kind: "list-changed",
          chosen: cause.occurrence === "rebalanced" ? head?.key : undefined,
        });
      });
      this.#take({ kind: "list-changed" });
      return atAbort(signal, async () => {
        unsubscribe();
        this.#health = this.known();
        await Promise.all([this.#search.end(), this.#watches.end()]);
      });
    });
  }

  /** Goes on with other settings from the next ping on; connections stay. */
  configure(config: HealthConfig): void {
    this.#config = config;
    if (!this.#life.isOver()) {
      this.#take({ kind: "list-changed" });
    }
  }

  /** Somebody asks for the pool after it was idle: what would have been pinged by now is pinged at once. */
  asked(): void {
    this.#waits.review();
  }

  /** The open connection to this server, lent to whoever has a question for it; `undefined` when none is held. */
  connectionTo(key: string): HeldConnection | undefined {
    return this.#watches.connectionTo(key);
  }

  /**
   * Asks the head now because a program reports that it fails. When it is found down, the list has another head as far
   * as there is one, before this resolves. Reports that come meanwhile join. Never rejects.
   * @param reported what the program says of it: printable.
   * @returns `undefined` when it ended without a finding: this machine could not ask, or the monitor stopped.
   */
  async check(server: ServerEndpoint, reported?: string): Promise<"up" | "down" | undefined> {
    const { key } = server;
    const underWay = this.#checks.get(key);
    if (underWay !== undefined) {
      return await underWay;
    }
    const begun = this.#checked(server, reported);
    this.#checks.set(key, begun);
    try {
      return await begun;
    } finally {
      this.#checks.delete(key);
    }
  }

  async #checked(server: ServerEndpoint, reported: string | undefined): Promise<"up" | "down" | undefined> {
    const { connector } = this.#ports;
    const ports = { connector, connectionTo: (key: string) => this.connectionTo(key) };
    const options = { timeoutMs: this.#config.timeoutMs, signal: this.#life.signal };
    const result = await checkServer(server, ports, options);
    // Meanwhile another one may be head, or the server may have left the list.
    const watch = this.#watches.of("head");
    if (result.found === "down" && watch?.key === server.key) {
      const { failure } = result;
      const reason = `${failure.reason}${reported ? `, reported as "${inFewWords(reported)}"` : ""}`;
      watch.foundDown({ ...failure, reason, source: "feedback" });
    }
    return result.found === "unknown" ? undefined : result.found;
  }

  isChecking(key: string): boolean {
    return this.#checks.has(key);
  }

  /** Whether this is the next server, and it is watched. */
  isStandby(key: string): boolean {
    return this.#watches.of("standby")?.key === key;
  }

  /** Pings the next server now. */
  hurryStandby(): void {
    this.#watches.of("standby")?.hurry();
  }

  /** What is known of the servers, for a monitor that takes over. */
  known(): Health {
    return searchEnded(this.#health, this.#ports.clock.now()).health;
  }

  /** Since when no listed server answers, by `Clock.now`; `undefined` while there is no outage. */
  outageSince(): number | undefined {
    return this.#health.search?.confirmedAt;
  }

  /** When each server that has not answered since was last found down; of a watched one that is down: now. */
  findings(): Findings {
    const stillDown = this.#watches.states().filter(({ state }) => state.phase === "down");
    return new Map([
      ...this.#health.records.byKey.entrySeq().map(([key, { foundAt }]): [string, number] => [key, foundAt]),
      ...stillDown.map(({ key }): [string, number] => [key, this.#ports.clock.now()]),
    ]);
  }

  watchedAddresses(): readonly WatchedAddress[] {
    return this.#watches.addresses();
  }

  status(): HealthStatus {
    return healthStatus(this.#watches, this.#search, this.#health, this.#view());
  }

  /** What is known is noted before anything is done: what an action changes is an event of its own, and sees it. */
  #take(event: HealthEvent): void {
    const { byKey } = this.#health.records;
    for (const step of decide(event)) {
      const { health, actions } = step(this.#health, this.#view());
      this.#health = health;
      for (const action of actions) {
        carryOut(action, {
          ...this.#ports,
          watches: this.#watches,
          search: this.#search,
          stopped: this.#life.signal,
        });
      }
    }
    if (this.#health.records.byKey !== byKey) {
      this.#ports.findingsChanged?.();
    }
  }

  #view(): View {
    const { clock, penalties, proxy } = this.#ports;
    return {
      snapshot: proxy.snapshot(),
      config: this.#config,
      now: clock.now(),
      standby: this.#watches.of("standby")?.key,
      stateOf: (key) => this.#watches.stateOf(key),
      answerOf: (key) => this.#watches.answerOf(key),
      isAvoided: (key) => penalties.isAvoided(key),
    };
  }
}

/** A reason is shown in one line with others. */
const LONGEST_REASON = 40;

function inFewWords(text: string): string {
  return text.length > LONGEST_REASON ? `${text.slice(0, LONGEST_REASON)}…` : text;
}
