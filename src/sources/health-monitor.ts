import type { Clock, Logger, PingContext, Pinger, Random } from "../core/ports.ts";
import type { RpcProxy } from "../core/rpc-proxy.ts";
import type { ServerEndpoint } from "../core/server-endpoint.ts";
import type { Snapshot } from "../core/snapshot.ts";
import type { Connector, HeldConnection } from "../net/held-connection.ts";
import {
  type Fleet,
  headIntervalMs,
  reconnectDelayMs,
  standbyDelayMs,
  standbyIntervalMs,
} from "./health-pace.ts";
import { Outage } from "./outage.ts";
import type { Penalties } from "./penalties.ts";
import { ServerWatch, type WatchState } from "./server-watch.ts";
import { standbyOf } from "./standby.ts";

/** A primary must have answered for this long before the list goes back to it from a backup. */
const FAILBACK_AFTER_MS = 30_000;

export interface HealthConfig {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Whether a connection to the next server is held, too. */
  readonly standby: boolean;
  readonly pingContext: Omit<PingContext, "signal">;
}

export interface HealthPorts {
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
  /** Asks a server without regard to its penalties. */
  readonly pinger: Pinger;
  readonly penalties: Penalties;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What the monitor sees, for people and metrics. */
export interface HealthStatus {
  /** `none`: no server listed; `down`: no listed server answers, the list stays as it is. */
  readonly phase: "none" | "checking" | "up" | "down";
  readonly servers: readonly { readonly key: string; readonly role: Role; readonly state: WatchState }[];
}

type Role = "head" | "standby";

/**
 * Watches for the clients, who only ask DNS: holds a connection to the head and one to the next server, and reports a
 * failed head to the proxy. When all servers fail one after the other, the order stays and every server is tried once
 * an interval until one answers; that one becomes the head.
 */
export class HealthMonitor {
  readonly #ports: HealthPorts;
  readonly #config: HealthConfig;
  readonly #watches = new Map<Role, ServerWatch>();
  /** Servers found down since a head last answered. */
  readonly #down = new Set<string>();
  #unsubscribe: (() => void) | undefined;
  #stopped = new AbortController();
  /** While no listed server answers. */
  #outage: Outage | undefined;

  constructor(ports: HealthPorts, config: HealthConfig) {
    this.#ports = ports;
    this.#config = config;
  }

  start(): void {
    if (this.#unsubscribe === undefined) {
      this.#stopped = new AbortController();
      this.#unsubscribe = this.#ports.proxy.subscribe(() => {
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
    for (const watch of this.#watches.values()) {
      watch.stop();
    }
    this.#watches.clear();
  }

  /** The open connection to this server, lent to whoever has a question for it; `undefined` when none is held. */
  connectionTo(key: string): HeldConnection | undefined {
    const connection = [...this.#watches.values()].find((watch) => watch.key === key)?.connection;
    return connection?.state.phase === "open" ? connection : undefined;
  }

  status(): HealthStatus {
    const servers = [...this.#watches].map(([role, { key, state }]) => ({ key, role, state }));
    const head = this.#watches.get("head")?.state.phase;
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
    const wanted = new Map<Role, ServerEndpoint>();
    if (snapshot.head !== undefined) {
      wanted.set("head", snapshot.head);
    }
    const standby = standbyOf(snapshot, this.#config.standby, (key) => this.#ports.penalties.failedAt(key));
    if (standby !== undefined) {
      wanted.set("standby", standby);
    }
    this.#rewatch(wanted);
    this.#forgetUnlisted(snapshot);
    const head = this.#watches.get("head");
    if (
      this.#outage !== undefined
        ? snapshot.servers.some(({ key }) => !this.#down.has(key))
        : this.#down.has(head?.key ?? "")
    ) {
      this.#rotate(head?.state.phase === "down" ? head.state.reason : "still down");
    }
  }

  /** Keeps the watches of servers that are still wanted, in whatever role, and starts those that are new. */
  #rewatch(wanted: ReadonlyMap<Role, ServerEndpoint>): void {
    const before = new Map([...this.#watches.values()].map((watch) => [watch.key, watch]));
    const previousHead = this.#watches.get("head");
    this.#watches.clear();
    const fresh: ServerWatch[] = [];
    for (const [role, endpoint] of wanted) {
      const kept = before.get(endpoint.key);
      const watch = kept ?? this.#newWatch(endpoint);
      before.delete(endpoint.key);
      watch.retarget(endpoint);
      this.#watches.set(role, watch);
      if (kept === undefined) {
        fresh.push(watch);
      } else if (role === "head" && kept !== previousHead) {
        kept.hurry();
      }
    }
    for (const watch of before.values()) {
      watch.stop();
    }
    for (const watch of fresh) {
      const isHead = this.#watches.get("head") === watch;
      watch.start(isHead ? 0 : standbyDelayMs(this.#fleet, this.#ports.random));
    }
  }

  #newWatch(endpoint: ServerEndpoint): ServerWatch {
    const { clock, connector, random } = this.#ports;
    const watch: ServerWatch = new ServerWatch(endpoint, {
      connector,
      clock,
      timeoutMs: this.#config.timeoutMs,
      intervalMs: () =>
        this.#watches.get("head") === watch ? this.#headIntervalMs : standbyIntervalMs(this.#headIntervalMs),
      retryMs: () =>
        this.#outage === undefined
          ? reconnectDelayMs(this.#config.intervalMs, this.#fleet, random)
          : this.#headIntervalMs,
      onAnswer: (answered) => {
        this.#answered(answered);
      },
      onDown: (failed, reason) => {
        this.#failed(failed, reason);
      },
    });
    return watch;
  }

  #forgetUnlisted(snapshot: Snapshot): void {
    for (const key of this.#down) {
      if (!snapshot.members.has(key)) {
        this.#down.delete(key);
      }
    }
  }

  #answered(watch: ServerWatch): void {
    this.#down.delete(watch.key);
    this.#recovered(watch.key);
    if (this.#watches.get("head") === watch) {
      this.#startNewPass();
    } else {
      this.#failBack(watch);
    }
  }

  /** The head answers: what failed before it may be tried again, but for the next server, which is known to be down now. */
  #startNewPass(): void {
    const standby = this.#watches.get("standby");
    for (const key of this.#down) {
      if (key !== standby?.key || standby.state.phase !== "down") {
        this.#down.delete(key);
      }
    }
  }

  #failed(watch: ServerWatch, reason: string): void {
    const { logger, penalties, proxy } = this.#ports;
    proxy.refreshAddresses(watch.endpoint);
    if (!this.#down.has(watch.key)) {
      penalties.add(watch.key);
      this.#down.add(watch.key);
    }
    if (this.#watches.get("head") === watch) {
      if (this.#outage === undefined) {
        this.#rotate(reason);
      }
      return;
    }
    logger.debug({ server: watch.key, reason }, "the next server is down");
    if (proxy.snapshot().head !== undefined) {
      this.#follow();
    }
  }

  /** The head is down: the next server that is not known to be down becomes head; without one the order stays. */
  #rotate(reason: string): void {
    const { logger, proxy } = this.#ports;
    const snapshot = proxy.snapshot();
    const { head } = snapshot;
    if (head === undefined) {
      return;
    }
    if (snapshot.servers.every(({ key }) => this.#down.has(key))) {
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
    const { clock, logger, pinger, proxy } = this.#ports;
    this.#outage = new Outage({
      clock,
      intervalMs: () => this.#headIntervalMs,
      servers: () => proxy.snapshot().servers,
      ping: (server, signal) => pinger.ping(server, { ...this.#config.pingContext, signal }),
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
    this.#outage.start();
  }

  #endOutage(): void {
    this.#outage?.end();
    this.#outage = undefined;
  }

  /** One server answers again while all were down: it becomes the head. */
  #recovered(key: string): void {
    const { logger, proxy } = this.#ports;
    if (this.#outage === undefined || !proxy.snapshot().members.has(key)) {
      return;
    }
    this.#down.delete(key);
    this.#endOutage();
    for (let head = proxy.findServer(); head !== undefined && head.key !== key; head = proxy.findServer()) {
      if (
        !proxy.notifyFailedServer(head, { source: "health", reason: "down, while another server answers" })
      ) {
        break;
      }
    }
    this.#watches.get("head")?.hurry();
    logger.info({ server: key }, "a server answers again");
  }

  /** Back to a primary that has answered long enough, by a rebalance, which pings it once more. */
  #failBack(watch: ServerWatch): void {
    const { clock, proxy } = this.#ports;
    const snapshot = proxy.snapshot();
    const { state } = watch;
    const isNeeded =
      snapshot.tierOf(snapshot.head?.key ?? "") === "backup" && snapshot.tierOf(watch.key) === "primary";
    if (isNeeded && state.phase === "up" && clock.now() - state.since >= FAILBACK_AFTER_MS) {
      void proxy.rebalanceServers({ signal: this.#stopped.signal, reason: "a primary answers again" });
    }
  }

  get #headIntervalMs(): number {
    return headIntervalMs(this.#config.intervalMs, this.#fleet);
  }

  get #fleet(): Fleet {
    const { proxy } = this.#ports;
    return { numServers: proxy.numServers(), numNodes: proxy.numNodes() };
  }
}
