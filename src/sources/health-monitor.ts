import type { Logger, Random } from "../core/ports.ts";
import type { RpcProxy } from "../core/rpc-proxy.ts";
import type { ServerEndpoint } from "../core/server-endpoint.ts";
import type { Snapshot } from "../core/snapshot.ts";
import { askOnce } from "../net/connection-pinger.ts";
import type { Connector, HeldConnection } from "../net/held-connection.ts";
import { Failback, type FailbackPorts } from "./failback.ts";
import { drawnOnce, FleetWaits, type WaitLength } from "./fleet-waits.ts";
import {
  headIntervalMs,
  outageDelayMs,
  reconnectDelayMs,
  standbyDelayMs,
  standbyIntervalMs,
} from "./health-pace.ts";
import { KnownDown } from "./known-down.ts";
import { lasts } from "./lasting.ts";
import { Outage } from "./outage.ts";
import { rotateWhile } from "./rotation.ts";
import { ServerWatch, type WatchFailure, type WatchState } from "./server-watch.ts";
import { standbyOf } from "./standby.ts";
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

/**
 * Watches for the clients, who only ask DNS: holds a connection to the head and one to the next server, and reports a
 * failed head to the proxy. When all servers fail one after the other, the order stays and every server is tried once
 * an interval until one answers; that one becomes the head.
 */
export class HealthMonitor {
  readonly #ports: HealthPorts;
  readonly #config: HealthConfig;
  readonly #watches: Watches;
  readonly #waits: FleetWaits;
  readonly #known = new KnownDown();
  readonly #failback: Failback;
  #unsubscribe: (() => void) | undefined;
  #stopped = new AbortController();
  /** While no listed server answers. */
  #outage: Outage | undefined;
  #outageEndedAt = Number.NEGATIVE_INFINITY;

  constructor(ports: HealthPorts, config: HealthConfig) {
    this.#ports = ports;
    this.#config = config;
    this.#waits = new FleetWaits(ports.clock, ports.proxy);
    this.#failback = new Failback(ports);
    this.#watches = new Watches({
      newWatch: (endpoint) => this.#newWatch(endpoint),
      drawStandbyDelay: (key) =>
        this.#known.lastFoundAt(key) > 0 ? this.#drawReconnectDelay() : this.#drawStandbyDelay(),
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
    this.#endOutage();
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
    if (this.#outage !== undefined) {
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
      this.#endOutage();
    } else if (this.#outage === undefined || !this.#isEachDown(snapshot)) {
      this.#rotate(head?.state.phase === "down" ? head.state.reason : "still down");
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

  #newWatch(endpoint: ServerEndpoint): ServerWatch {
    const { clock, connector } = this.#ports;
    const watch: ServerWatch = new ServerWatch(endpoint, {
      connector,
      clock,
      waits: this.#waits,
      timeoutMs: this.#config.timeoutMs,
      interval: (fleet) => {
        const headMs = this.#headInterval(fleet);
        return this.#watches.head === watch ? headMs : standbyIntervalMs(headMs);
      },
      drawRetry: () => (this.#outage === undefined ? this.#drawReconnectDelay() : this.#drawOutageDelay()),
      onAnswer: (answered, lasted) => {
        this.#answered(answered, lasted);
      },
      onDown: (failed, failure) => {
        this.#failed(failed, failure);
      },
    });
    return watch;
  }

  #answered(watch: ServerWatch, lasted: boolean): void {
    if (!this.#known.answered(watch.key, lasted)) {
      return;
    }
    this.#recovered(watch.key);
    if (this.#watches.head !== watch) {
      this.#failback.consider(watch, this.#stopped.signal);
    } else {
      // The head answers: what failed before it may be tried again, but for the next server, which is known to be down now.
      const { standby } = this.#watches;
      this.#known.startNewPass(standby?.state.phase === "down" ? standby.key : undefined);
    }
  }

  #failed(watch: ServerWatch, { reason, closesAtOnce }: WatchFailure): void {
    const { clock, logger, penalties, proxy } = this.#ports;
    proxy.refreshAddresses(watch.endpoint);
    if (this.#known.add(watch.key, clock.now(), closesAtOnce)) {
      penalties.add(watch.key);
    }
    if (this.#watches.head === watch) {
      if (this.#outage === undefined) {
        this.#rotate(reason);
      }
      return;
    }
    logger.debug({ server: watch.key, reason }, "the next server is down");
    this.#follow();
  }

  /** The head is down: the next server that is not known to be down becomes head; without one the order stays. */
  #rotate(reason: string): void {
    const { logger, proxy } = this.#ports;
    const snapshot = proxy.snapshot();
    const { head } = snapshot;
    if (head === undefined) {
      return;
    }
    if (this.#isEachDown(snapshot)) {
      this.#allServersDown(reason);
      return;
    }
    this.#endOutage();
    if (proxy.notifyFailedServer(head, { source: "health", reason })) {
      logger.warn(
        { server: head.key, reason, head: proxy.findServer()?.key },
        "server failed: next one is head",
      );
    }
  }

  #allServersDown(reason: string): void {
    if (this.#outage !== undefined) {
      return;
    }
    const { clock, logger, proxy } = this.#ports;
    const drawWait = () => this.#drawOutageDelay();
    this.#outage = new Outage({
      clock,
      waits: this.#waits,
      drawWait,
      keys: proxy.snapshot().servers.map(({ key }) => key),
      endpointOf: (key) => proxy.snapshot().members.get(key)?.endpoint,
      ping: (server, signal) => this.#probe(server, signal),
      onAnswer: ({ key }) => {
        this.#recovered(key);
      },
      onSilence: (server) => {
        proxy.refreshAddresses(server);
      },
      onConfirmed: () => {
        logger.error({ servers: proxy.numServers(), reason }, "no server answers: the list stays as it is");
      },
    });
    // Whatever ends an outage too early can't make it begin again without a wait.
    const isAgain = clock.now() - this.#outageEndedAt < this.#headInterval(this.#waits.fleet);
    this.#outage.start(isAgain ? drawWait() : undefined);
  }

  /** Asks a server without regard to its penalties. One that closed connections at once must keep this one open. */
  #probe(server: ServerEndpoint, signal: AbortSignal): Promise<void> {
    const { clock, connector } = this.#ports;
    const { timeoutMs } = this.#config;
    return askOnce(connector, server, { timeoutMs, signal }, async (connection) => {
      if (this.#known.closesAtOnce(server.key)) {
        await lasts(connection, clock, signal);
      }
    });
  }

  #isEachDown(snapshot: Snapshot): boolean {
    return snapshot.servers.every(({ key }) => this.#known.has(key));
  }

  #endOutage(): void {
    if (this.#outage !== undefined) {
      this.#outage.end();
      this.#outage = undefined;
      this.#outageEndedAt = this.#ports.clock.now();
    }
  }

  /** One server answers again while all were down: it becomes the head. */
  #recovered(key: string): void {
    const { logger, proxy } = this.#ports;
    if (this.#outage === undefined || !proxy.snapshot().members.has(key)) {
      return;
    }
    this.#known.forget(key);
    this.#endOutage();
    const report = { source: "health", reason: "down, while another server answers" };
    rotateWhile(proxy, (head) => (head.key === key ? undefined : report));
    this.#watches.head?.hurry();
    logger.info({ server: key }, "a server answers again");
  }

  #drawReconnectDelay(): WaitLength {
    const chance = drawnOnce(this.#ports.random);
    return (fleet) => reconnectDelayMs(this.#config.intervalMs, fleet, chance);
  }

  #drawStandbyDelay(): WaitLength {
    const chance = drawnOnce(this.#ports.random);
    return (fleet) => standbyDelayMs(fleet, chance);
  }

  #drawOutageDelay(): WaitLength {
    const chance = drawnOnce(this.#ports.random);
    return (fleet) => outageDelayMs(this.#headInterval(fleet), chance);
  }

  readonly #headInterval: WaitLength = (fleet) => headIntervalMs(this.#config.intervalMs, fleet);
}
