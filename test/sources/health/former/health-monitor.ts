import type { Logger, Random } from "../../../../src/core/ports.ts";
import type { RpcProxy } from "../../../../src/core/rpc-proxy.ts";
import type { ServerEndpoint } from "../../../../src/core/server-endpoint.ts";
import type { Snapshot } from "../../../../src/core/snapshot.ts";
import { HEADS_PACE, standbyIntervalMs } from "../../../../src/core/time/fleet-pace.ts";
import { FleetWaits } from "../../../../src/core/time/fleet-waits.ts";
import { earliestNext, FRESH_PACE, type Pace, spend } from "../../../../src/core/time/pace.ts";
import type { Connector, HeldConnection } from "../../../../src/net/connection/held-connection.ts";
import { Failback, type FailbackPorts } from "./failback.ts";
import { HeadSearch } from "./head-search.ts";
import { type Failing, KnownDown } from "./known-down.ts";
import { NameWatch, type NameWatchOptions } from "./name-watch.ts";
import {
  ServerWatch,
  SHORT_LIFE_MS,
  type Watch,
  type WatchFailure,
  type WatchState,
} from "./server-watch.ts";
import { standbyOf } from "./standby.ts";
import { WatchPauses } from "./watch-pauses.ts";
import { type Role, Watches } from "./watches.ts";

export interface HealthConfig {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Whether a connection to the next server is held, too. */
  readonly standby: boolean;
}

export interface HealthPorts extends FailbackPorts {
  readonly proxy: Pick<
    RpcProxy,
    | "snapshot"
    | "subscribe"
    | "findServer"
    | "notifyFailedServer"
    | "refreshAddresses"
    | "noteAddress"
    | "rebalanceServers"
    | "numNodes"
    | "numServers"
  >;
  readonly connector: Connector;
  readonly random: Random;
  readonly logger: Logger;
}

/** What the monitor sees, for people and metrics. */
export interface HealthStatus {
  /** `none`: no server listed; `down`: no listed server answers, the list stays as it is. */
  readonly phase: "none" | "checking" | "up" | "down";
  readonly servers: readonly { readonly key: string; readonly role: Role; readonly state: WatchState }[];
}

/** After so many servers that failed one after the other the rest are asked together, not one by one. */
const FAILURES_UNTIL_SEARCH = 2;

/** Servers found to close connections at once so lately, in milliseconds, tell something of the next one. */
const CLOSING_MATTERS_MS = 60_000;

/**
 * Watches for the clients, who only ask DNS: holds a connection to the head and one to the next server, and reports a
 * failed head to the proxy. When the next server fails, too, all are asked, and the first that answers becomes the head; until
 * then the order stays.
 */
export class HealthMonitor {
  readonly #ports: HealthPorts;
  readonly #config: HealthConfig;
  readonly #watches: Watches;
  readonly #waits: FleetWaits;
  readonly #pauses: WatchPauses;
  readonly #known = new KnownDown();
  readonly #failback: Failback;
  readonly #search: HeadSearch;
  #unsubscribe: (() => void) | undefined;
  #stopped = new AbortController();
  /** Heads that failed since one answered. */
  #failedHeads = 0;
  #headsPace: Pace = FRESH_PACE;

  constructor(ports: HealthPorts, config: HealthConfig) {
    this.#ports = ports;
    this.#config = config;
    this.#waits = new FleetWaits(ports.clock, ports.proxy);
    this.#pauses = new WatchPauses(config.intervalMs, ports.random);
    this.#failback = new Failback(ports);
    this.#search = new HeadSearch({
      ...ports,
      known: this.#known,
      timeoutMs: config.timeoutMs,
      waits: this.#waits,
      headInterval: this.#pauses.headInterval,
      onAnswer: (key) => {
        this.#recovered(key);
      },
      onDown: (server, failing) => {
        this.#noteDown(server, failing);
      },
    });
    this.#watches = new Watches({
      newWatch: (endpoint) => this.#newWatch(endpoint),
      drawStandbyDelay: (key) =>
        this.#pauses.drawBeforeNext(this.#known.lastFoundAt(key) > 0, this.#known.closings(key)),
    });
  }

  start(): void {
    if (this.#unsubscribe === undefined) {
      this.#stopped = new AbortController();
      this.#unsubscribe = this.#ports.proxy.subscribe((next) => {
        if (next.cause.occurrence === "rebalanced" && next.head !== undefined) {
          // It was chosen because it answered just now, whatever was known of it before.
          this.#known.forget(next.head.key);
        }
        this.#follow();
      });
      this.#follow();
    }
  }

  /** Closes every connection; idempotent. */
  stop(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#stopped.abort();
    this.#search.end();
    this.#watches.stop();
  }

  /** The open connection to this server, lent to whoever has a question for it; `undefined` when none is held. */
  connectionTo(key: string): HeldConnection | undefined {
    return this.#watches.connectionTo(key);
  }

  status(): HealthStatus {
    const servers = this.#watches.states();
    const head = this.#watches.head?.state.phase;
    if (head === undefined) {
      return { phase: "none", servers };
    }
    if (this.#search.isConfirmed) {
      return { phase: "down", servers };
    }
    return { phase: head === "up" ? "up" : "checking", servers };
  }

  /** Takes the servers to watch from the current snapshot. */
  #follow(): void {
    if (this.#unsubscribe === undefined) {
      return;
    }
    const snapshot = this.#ports.proxy.snapshot();
    this.#known.forgetUnlisted((key) => snapshot.members.has(key));
    this.#watches.follow(this.#wanted(snapshot));
    const { head } = this.#watches;
    if (!this.#known.has(head?.key ?? "")) {
      this.#search.end();
    } else if (this.#search.isUnderWay) {
      this.#lookAtNewcomers(snapshot);
    } else {
      this.#headIsDown(this.#headReason);
    }
  }

  #wanted(snapshot: Snapshot): ReadonlyMap<Role, ServerEndpoint> {
    const wanted = new Map<Role, ServerEndpoint>();
    if (snapshot.head !== undefined) {
      wanted.set("head", snapshot.head);
    }
    const standby = standbyOf(snapshot, this.#config.standby, (key) => this.#known.lastFoundAt(key));
    if (standby !== undefined) {
      wanted.set("standby", standby);
    }
    return wanted;
  }

  #newWatch(endpoint: ServerEndpoint): Watch {
    const { clock, connector } = this.#ports;
    const options: NameWatchOptions = {
      connector,
      clock,
      waits: this.#waits,
      timeoutMs: this.#config.timeoutMs,
      interval: (fleet) => {
        const headMs = this.#pauses.headInterval(fleet);
        return this.#watches.head === watch ? headMs : standbyIntervalMs(headMs);
      },
      closings: this.#known.closings(endpoint.key),
      drawPause: (closings, isDown) =>
        this.#pauses.drawBetween({
          isHead: this.#watches.head === watch,
          isOutage: this.#search.isUnderWay,
          isDown,
          closings,
        }),
      onAnswer: (answered, lasted) => {
        this.#answered(answered, lasted);
      },
      onDown: (failed, failure) => {
        this.#failed(failed, failure);
      },
      onSlow: (slow) => {
        // Should the head be silent, the next server has been asked by then.
        if (this.#watches.head === slow) {
          this.#watches.standby?.hurry();
        }
      },
      drawAddressDelay: () => this.#pauses.drawBeforeNext(false, 0),
      onAddress: (server, address, failure) => {
        this.#noteAddress(server, address, failure);
      },
    };
    const watch: Watch =
      endpoint.kind === "name" ? new NameWatch(endpoint, options) : new ServerWatch(endpoint, options);
    return watch;
  }

  /** Of a server with several addresses one answered, or failed: only those that answer are given to others. */
  #noteAddress(server: ServerEndpoint, address: string, failure: WatchFailure | undefined): void {
    const { logger, proxy } = this.#ports;
    const { key } = server;
    if (failure === undefined) {
      const wasSilent = server.silent().some((silent) => silent.address === address);
      if (proxy.noteAddress(server, address, { answers: true }) && wasSilent) {
        logger.info({ server: key, address }, "an address of the server answers again");
      }
      return;
    }
    const { reason } = failure;
    if (proxy.noteAddress(server, address, { answers: false, reason })) {
      logger.warn(
        { server: key, address, reason },
        "an address of the server fails: not given while another answers",
      );
    }
    proxy.refreshAddresses(server);
  }

  #answered(watch: Watch, lasted: boolean): void {
    if (!this.#known.answered(watch.key, lasted)) {
      return;
    }
    if (this.#search.believes(lasted)) {
      this.#recovered(watch.key);
    }
    if (this.#watches.head !== watch) {
      this.#failback.consider(watch, this.#stopped.signal);
    } else if (this.#believes(watch)) {
      // The head answers: what failed before it may be tried again, but for the next server, which is known to be down now.
      this.#failedHeads = 0;
      const { standby } = this.#watches;
      this.#known.startNewPass(standby?.state.phase === "down" ? standby.key : undefined);
    }
  }

  /** Where servers close connections at once, what answers may be like them: it has to answer for longer. */
  #believes({ state }: Watch): boolean {
    const now = this.#ports.clock.now();
    return (
      this.#known.closingSince(now - CLOSING_MATTERS_MS) < FAILURES_UNTIL_SEARCH ||
      (state.phase === "up" && now - state.since >= SHORT_LIFE_MS)
    );
  }

  #failed(watch: Watch, failure: WatchFailure): void {
    const { key, endpoint } = watch;
    const wasUp = this.#noteDown(endpoint, failure);
    if (this.#watches.head !== watch) {
      if (wasUp) {
        this.#ports.logger.debug({ server: key, reason: failure.reason }, "the next server is down");
      }
      this.#watches.follow(this.#wanted(this.#ports.proxy.snapshot()));
    } else if (!this.#search.isUnderWay) {
      this.#failedHeads += 1;
      this.#headIsDown(failure.reason);
    }
  }

  /** @returns true when nothing was known against it. */
  #noteDown(server: ServerEndpoint, failing: Failing): boolean {
    const { clock, penalties, proxy } = this.#ports;
    proxy.refreshAddresses(server);
    const wasUp = this.#known.add(server.key, clock.now(), failing);
    if (wasUp) {
      penalties.add(server.key);
    }
    return wasUp;
  }

  /** The next server that is not known to be down becomes head. After two that failed all are asked first, if there are several. */
  #headIsDown(reason: string): void {
    const { clock, proxy } = this.#ports;
    const { head, order } = proxy.snapshot();
    const [next, other] = order
      .toSeq()
      .filter((key) => !this.#known.has(key))
      .take(2);
    const notBeforeMs = earliestNext(this.#headsPace, clock.now(), true, HEADS_PACE) - clock.now();
    const isLast = next !== undefined && other === undefined;
    if (next === undefined || notBeforeMs > 0 || (!isLast && this.#hasFailedTwice(head?.key ?? ""))) {
      this.#search.begin(reason, notBeforeMs);
    } else {
      this.#passOn(next, reason);
    }
  }

  /** Two heads, or one that was silent, with the next server known to be down: a further silent one would cost as much time again. */
  #hasFailedTwice(head: string): boolean {
    const failedServers = this.#known.isSilent(head) ? this.#known.keys().size : 0;
    return Math.max(this.#failedHeads, failedServers) >= FAILURES_UNTIL_SEARCH;
  }

  /** To a server that is not known to be down: its watch tells soon. */
  #passOn(next: string, reason: string): void {
    const { logger, proxy } = this.#ports;
    const server = proxy.findServer()?.key;
    this.#spend();
    if (this.#handOver(next, reason)) {
      logger.warn({ server, reason, head: next }, "server failed: next one is head");
    }
  }

  /** In one step past all that are known to be down. @returns false when the server is the head. */
  #handOver(next: string, reason: string): boolean {
    const { proxy } = this.#ports;
    const head = proxy.findServer();
    const report = { source: "health", reason };
    const successor = { key: next, failed: this.#known.keys() };
    return head !== undefined && head.key !== next && proxy.notifyFailedServer(head, report, successor);
  }

  /** A server that is added while none answers is head at once, one that is added before that is asked like the others. */
  #lookAtNewcomers({ order }: Snapshot): void {
    const next = this.#search.isConfirmed ? order.find((key) => !this.#known.has(key)) : undefined;
    if (next === undefined) {
      this.#search.include(order);
    } else {
      this.#search.end();
      this.#passOn(next, this.#headReason);
    }
  }

  /** A server answers while the head is down: it becomes the head. */
  #recovered(key: string): void {
    const { logger, proxy } = this.#ports;
    if (!this.#search.isUnderWay || !proxy.snapshot().members.has(key)) {
      return;
    }
    const { isConfirmed } = this.#search;
    this.#known.forget(key);
    this.#search.end();
    this.#spend();
    this.#failedHeads = 0;
    const more = this.#known.keys().size - 1;
    const reason = more > 0 ? `${this.#headReason}; ${more} more are down` : this.#headReason;
    const server = proxy.findServer()?.key;
    const isOther = this.#handOver(key, reason);
    this.#watches.head?.hurry();
    if (isOther && !isConfirmed) {
      logger.warn({ server, reason, head: key }, "servers failed: the first that answers is head");
    } else {
      logger.info({ server: key }, "a server answers again");
    }
  }

  #spend(): void {
    this.#headsPace = spend(this.#headsPace, this.#ports.clock.now(), HEADS_PACE);
  }

  get #headReason(): string {
    const state = this.#watches.head?.state;
    return state?.phase === "down" ? state.reason : "still down";
  }
}
