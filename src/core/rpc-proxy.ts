import type { AddressFinding } from "./address-findings.ts";
import { type ApiVersion, ApiVersionFilter, type NodeServerInfo } from "./api-version-filter.ts";
import { isPlausibleNodeCount, MAX_NODES } from "./fleet.ts";
import { Life } from "./life.ts";
import { ListLimit } from "./list-limit.ts";
import { NameBook } from "./name-book.ts";
import type { UnlistedServer } from "./pool-view.ts";
import type { Clock, Logger, Pinger, Random, Resolver } from "./ports.ts";
import {
  DEFAULT_REBALANCE_POLICY,
  type RebalancePolicy,
  rebalanceIntervalMs,
  shuffled,
} from "./rebalance.ts";
import { RebalanceTimer } from "./rebalance-timer.ts";
import { type RebalanceOptions, Rebalancer } from "./rebalancer.ts";
import { Reports } from "./reports.ts";
import type { Observe } from "./routine.ts";
import { EndpointError } from "./rpc-addr.ts";
import type { Runnable } from "./running.ts";
import { endpointAt, type ServerEndpoint } from "./server-endpoint.ts";
import type { EventOf, ServerEvent, Successor } from "./server-event.ts";
import { Snapshot, type Tier } from "./snapshot.ts";
import { type Change, SnapshotFeed, type SnapshotListener } from "./snapshot-feed.ts";
import { wallTimeOf } from "./time/wall-time.ts";
import { transition } from "./transition.ts";
import { WantedNames } from "./wanted-names.ts";

/** What the proxy asks of the world. */
export interface ProxyPorts {
  readonly pinger: Pinger;
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Whether a rebalance passes this server over, without a ping, as if it had not answered; by default none. */
  readonly avoids?: ((key: string) => boolean) | undefined;
  /** Hears how each rebalance ended. */
  readonly observe?: Observe | undefined;
}

/** `ApiVersion` is ours: servers that speak a newer one are filtered from heartbeats. */
export interface ProxyConfig extends ApiVersion {
  readonly region: string;
  /** Servers of this datacenter are primaries; a heartbeat's other servers are backups. */
  readonly datacenter: string;
  readonly rebalance?: RebalancePolicy;
  /** Milliseconds that a server has to answer a rebalance's ping; 1,000 by default. */
  readonly pingTimeoutMs?: number;
}

/** Who reports, and why, in a few words: kept in the snapshot's cause. */
export interface Report {
  readonly source: string;
  readonly reason?: string;
}

/** What a configuration asks for no longer. */
export type Forgotten = Omit<EventOf<"configuration-changed">, "kind">;

/** Where a heartbeat comes from: kept in the snapshot's cause. */
export interface HeartbeatReport {
  /** Who brings it, such as `push`; `heartbeat` by default. */
  readonly source?: string | undefined;
  /** The server that answered, where one was asked. */
  readonly server?: ServerEndpoint | undefined;
}

/** A ping on loopback takes 0.1 ms, across a continent 100 ms: a second is a hung server. */
const DEFAULT_PING_TIMEOUT_MS = 1_000;

/** Servers of each kind that are not listed, and told of: people read no more. */
const UNLISTED_SHOWN = 32;

/**
 * One ordered list of servers and its only writer: the seed's `RPCProxy`. The head is used, a failed head goes to the
 * end, and the list is rebalanced at a rate scaled to the fleet. Everything asynchronous (names, pings) happens before
 * a transition; the transition itself is pure and atomic.
 *
 * More than 250 lines, because the contract of each operation stands here, where users of the library look for it.
 */
export class RpcProxy implements Runnable {
  readonly #ports: ProxyPorts;
  #config: ProxyConfig;
  readonly #names: NameBook;
  readonly #wanted: WantedNames;
  readonly #reports: Reports;
  readonly #timer: RebalanceTimer;
  readonly #rebalancer: Rebalancer;
  readonly #apiFilter: ApiVersionFilter;
  readonly #limit: ListLimit;
  readonly #feed: SnapshotFeed;
  #snapshot: Snapshot;
  /** Of the interval that is waited for: drawn once, so that the interval can be worked out again for another fleet. */
  #intervalChance = 0;
  /** Whether the last heartbeat's number of nodes was none that a fleet can have. */
  #refusedNodeCount = false;
  readonly #life = new Life();

  constructor(ports: ProxyPorts, config: ProxyConfig) {
    this.#ports = ports;
    this.#config = config;
    this.#names = new NameBook(ports.resolver, ports.clock);
    this.#wanted = new WantedNames(this.#names, ports);
    this.#reports = new Reports(this.#wanted, ports.clock, {
      listed: (key) => this.#listed(key),
      apply: (event) => this.#apply(event),
    });
    this.#timer = new RebalanceTimer(ports.clock, () => {
      this.#intervalChance = ports.random();
      return this.#intervalMs();
    });
    this.#rebalancer = new Rebalancer(ports, () => this.#pingOptions(), {
      snapshot: () => this.#snapshot,
      takeOrder: (order, reason) => this.#apply({ kind: "rebalanced", order, reason }),
    });
    this.#apiFilter = new ApiVersionFilter(config, ports.clock, ports.logger);
    this.#limit = new ListLimit(ports.logger);
    this.#feed = new SnapshotFeed(ports.logger);
    this.#snapshot = Snapshot.empty(wallTimeOf(ports.clock));
  }

  /**
   * Adds a primary at the end of the list; a known primary changes nothing. The next successful heartbeat overrides it.
   * @returns the listed endpoint.
   * @throws EndpointError when the address is malformed or does not resolve; nothing changed.
   */
  async addPrimaryServer(rpcAddr: string, source: "api" | "static" = "api"): Promise<ServerEndpoint> {
    const found = this.#names.find(rpcAddr, this.#listed);
    const endpoint = found instanceof Promise ? await found : found;
    if (endpoint instanceof EndpointError) {
      throw endpoint;
    }
    this.#apply({ kind: "primary-added", endpoint, source });
    return this.#listed(endpoint.key) ?? endpoint;
  }

  /**
   * Adds a configured primary at the end of the list: now, or when its name has an address, unless the signal aborts
   * before.
   * @throws EndpointError when the address is malformed.
   */
  keepPrimaryServer(rpcAddr: string, signal: AbortSignal): void {
    const endpoint = endpointAt(rpcAddr);
    if (endpoint instanceof EndpointError) {
      throw endpoint;
    }
    const found = (known: ServerEndpoint) => {
      this.#apply({ kind: "primary-added", endpoint: known, source: "static" });
    };
    const known = endpoint.kind === "name" ? this.#listed(endpoint.key) : endpoint;
    if (known !== undefined) {
      found(known);
    } else if (!signal.aborted) {
      const names = new Map([[endpoint.key, endpoint]]);
      this.#wanted.want(names, [
        { names, leftOut: 0, found, failed: () => undefined, replaced: () => undefined },
      ]);
      const stop = () => {
        this.#wanted.unwant(names);
      };
      signal.addEventListener("abort", stop, { once: true });
    }
  }

  /**
   * Replaces the servers that Consul supplied. New ones are appended in the given order; ones that left, and that no
   * other source names, leave the list: with no address, all of them. When there are addresses, but not one can be
   * used, nothing changes: a list is never emptied by a source that failed. Of more than `MAX_SERVERS_PER_SOURCE` the
   * first are taken. Of two overlapping calls the later one wins. A name without an address is asked for again until
   * the next call leaves it out or `run` ends, and appended then.
   * @returns the addresses that could not be used; the others were applied. A name is waited for at most a second.
   */
  async setBackupServers(
    addrs: readonly string[],
    { tier = "backup", source = "consul" }: { tier?: Tier; source?: "consul" | "state-file" } = {},
  ): Promise<readonly EndpointError[]> {
    const taken = this.#limit.firstOf(source, addrs);
    return await this.#reports.take(source, { [tier]: taken }, (found) => {
      const { listed, newcomers, rejected } = found[tier];
      const endpoints = [...listed, ...newcomers];
      const hasFailed = endpoints.length === 0 && rejected.length > 0;
      return hasFailed ? undefined : { kind: "backups-reported", endpoints, source, tier };
    });
  }

  /**
   * Takes what the state file remembers: backups at the addresses that they had, in this order, behind all others. An
   * empty list ends what it said before. Names are looked up as those of listed servers are.
   * @returns true when that changed the list.
   */
  restoreServers(servers: readonly ServerEndpoint[]): boolean {
    return this.#apply({
      kind: "backups-reported",
      endpoints: servers,
      source: "state-file",
      tier: "backup",
    });
  }

  /**
   * Takes a heartbeat: the primaries are replaced, servers of other datacenters become backups, new servers are
   * appended in random order so that a fleet started together does not fixate on one. Servers with a newer API version
   * are filtered. A heartbeat with no usable server changes no list; the numbers are always taken, but for a number of
   * nodes that no fleet can have (none, negative, above `MAX_NODES`): then the last one stays. Of more than
   * `MAX_SERVERS_PER_SOURCE` servers the first are taken.
   * @returns the addresses that could not be used; the others were applied.
   */
  async refreshServerLists(
    servers: readonly NodeServerInfo[],
    numNodes: number,
    leaderRpcAddr: string,
    { source, server }: HeartbeatReport = {},
  ): Promise<readonly EndpointError[]> {
    const usable = this.#apiFilter.usable(this.#limit.firstOf(source ?? "heartbeat", servers));
    const isLocal = (server: NodeServerInfo) => server.datacenter === this.#config.datacenter;
    const addressesOf = (infos: readonly NodeServerInfo[]) => infos.map((server) => server.rpcAdvertiseAddr);
    const addrs = {
      primary: addressesOf(usable.filter(isLocal)),
      backup: addressesOf(usable.filter((server) => !isLocal(server))),
    };
    return await this.#reports.take("heartbeat", addrs, ({ primary, backup }) => ({
      kind: "heartbeat-received",
      primaries: [...primary.listed, ...shuffled(primary.newcomers, this.#ports.random)],
      backups: [...backup.listed, ...shuffled(backup.newcomers, this.#ports.random)],
      numNodes: this.#plausible(numNodes),
      leaderAddr: leaderRpcAddr,
      source,
      server: server?.key,
    }));
  }

  /**
   * The head: the server to use now. `undefined` when there is none. Allocates nothing, independent of the list's
   * length.
   */
  findServer(): ServerEndpoint | undefined {
    return this.#snapshot.head;
  }

  /**
   * Rotates the head to the end when `server` is the head (by key) and there is another one. Never blocks, never pings.
   * A `successor` that is listed becomes head in its place, in one step past all servers between them.
   * @returns true when the head was rotated.
   */
  notifyFailedServer(
    server: ServerEndpoint,
    report: Report = { source: "api" },
    successor?: Successor,
  ): boolean {
    const rotated = this.#apply({ kind: "server-failed", key: server.key, ...report, successor });
    for (const key of [server.key, ...(successor?.failed ?? [])]) {
      this.#rebalancer.reportFailed(key);
    }
    if (server.kind === "name") {
      this.refreshAddresses(server);
    }
    return rotated;
  }

  /**
   * Looks up the addresses of a listed server again before its TTL is over, because it seems to be gone: at most once a
   * second. Does nothing for an address literal. The list takes what is found; without an answer it keeps what it had.
   */
  refreshAddresses(server: ServerEndpoint): void {
    this.#refresh(server);
  }

  #refresh(server: ServerEndpoint, lane?: Resolver): void {
    const { key } = server;
    void this.#names.refresh(server, lane).then((addresses) => {
      if (addresses !== undefined) {
        this.#apply({ kind: "server-resolved", key, addresses });
      }
    });
  }

  /**
   * Takes what was found of one address of a server that has several: others are given those that answer.
   * @returns true when that is news.
   */
  noteAddress(server: ServerEndpoint, address: string, finding: AddressFinding): boolean {
    return this.#apply({ kind: "address-heard", key: server.key, address, finding, source: "health" });
  }

  /** Removes a server from all lists. @returns true when it was listed. */
  removeServer(server: ServerEndpoint, report: Report = { source: "api" }): boolean {
    return this.#apply({ kind: "server-removed", key: server.key, ...report });
  }

  /**
   * Takes a server off the list, because it says that it does not serve us, whatever sources say of it from now on,
   * until it is admitted. @returns true when it was listed.
   */
  barServer(server: ServerEndpoint, report: Report): boolean {
    const barred = this.#apply({ kind: "server-barred", key: server.key, ...report });
    this.#rebalancer.reportFailed(server.key);
    return barred;
  }

  /**
   * Puts a barred server that its sources still name back on the list, at the end. @returns true when it was barred.
   */
  admitServer(server: ServerEndpoint, report: Report): boolean {
    return this.#apply({ kind: "server-admitted", key: server.key, ...report });
  }

  /** Address of the leader; "" when the last heartbeat named none: a minority, or an election. */
  leaderAddr(): string {
    return this.#snapshot.leaderAddr;
  }

  /** Nodes of the fleet by the last heartbeat. */
  numNodes(): number {
    return this.#snapshot.numNodes;
  }

  /** How many servers are listed, healthy or not. */
  numServers(): number {
    return this.#snapshot.size;
  }

  /** `host:port` of each listed server, in failover order. */
  serverRpcAddrs(): string[] {
    return this.#snapshot.order.toArray();
  }

  snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** The last 256 changes, oldest first. */
  history(): readonly Change[] {
    return this.#feed.history();
  }

  /** Calls `listener(next, previous)` after each change. @returns the function that ends it. */
  subscribe(listener: SnapshotListener): () => void {
    return this.#feed.subscribe(listener);
  }

  /**
   * Shuffles the list, primaries before backups, and takes the first server that answers a ping as head; each is pinged
   * at most once, those that did not answer go to the end. Nothing changes when fewer than two servers are listed, when
   * none answers, when the signal aborts, or when the chosen head was removed meanwhile. Servers that came meanwhile
   * are appended, removed ones stay removed, ones reported as failed meanwhile, head or not, are treated as not
   * answering. One rebalance runs at a time: a second call joins the first, as that one is; its own signal ends its
   * waiting, not the rebalance.
   * @returns true when a new order was taken.
   */
  rebalanceServers(options: RebalanceOptions = {}): Promise<boolean> {
    return this.#rebalancer.rebalance(options);
  }

  /**
   * Rebalances again and again, and keeps names fresh, until the signal aborts; leaves no timer. The abort ends all
   * look-ups of names under way, too, whoever asked. A second call joins the first, unless that one's signal has
   * aborted: then it runs itself.
   */
  run(signal: AbortSignal): Promise<void> {
    return this.#life.run(signal, () => this.#runUntil(signal));
  }

  /** Servers that a source names and that are not listed: 32 of each kind at most. */
  unlisted(): readonly UnlistedServer[] {
    const { barred } = this.#snapshot;
    const ofOtherRegions = barred.keySeq().take(UNLISTED_SHOWN).toArray();
    return [
      ...ofOtherRegions.map((key) => ({
        key,
        code: "other-region" as const,
        reason: "does not serve our region",
      })),
      ...this.#apiFilter
        .newer()
        .map((key) => ({ key, code: "newer-api" as const, reason: "speaks a newer API version" })),
      ...this.#wanted.failing(UNLISTED_SHOWN).map((name) => ({ code: "unresolvable" as const, ...name })),
    ];
  }

  /** Starts the interval until the next rebalance over. */
  resetRebalanceTimer(): void {
    this.#timer.reset();
  }

  /** When the next rebalance is due, by `Clock.now`; `undefined` when `run` does not wait for one. */
  nextRebalanceAt(): number | undefined {
    return this.#timer.dueAt;
  }

  /**
   * Goes on with another policy: the interval that is waited for is worked out again from where it began, the timeout
   * counts from the next ping on. The list stays as it is.
   */
  configure(
    changed: Pick<ProxyConfig, "datacenter" | "region"> &
      Required<Pick<ProxyConfig, "rebalance" | "pingTimeoutMs">>,
  ): void {
    this.#config = { ...this.#config, ...changed };
    this.#timer.changeTo(this.#intervalMs());
  }

  /**
   * Takes back what is no longer configured: servers that are left without a source leave the list, the others keep
   * their places. @returns true when something changed.
   */
  forgetConfigured(forgotten: Forgotten): boolean {
    return this.#apply({ kind: "configuration-changed", ...forgotten });
  }

  async #runUntil(signal: AbortSignal): Promise<void> {
    const names = [
      this.#wanted.run(signal),
      this.#names.run(
        signal,
        () => [
          ...this.#snapshot.servers,
          ...this.#snapshot.barred.valueSeq().map(({ endpoint }) => endpoint),
        ],
        (server, lane) => {
          this.#refresh(server, lane);
        },
      ),
    ];
    while (await this.#timer.wait(signal)) {
      await this.rebalanceServers({ signal });
    }
    await Promise.all(names);
  }

  #intervalMs(): number {
    const fleet = { numServers: this.#snapshot.size, numNodes: this.#snapshot.numNodes };
    const policy = this.#config.rebalance ?? DEFAULT_REBALANCE_POLICY;
    return rebalanceIntervalMs(fleet, () => this.#intervalChance, policy);
  }

  /** The number, or the last one in place of one that can't be right; that is said once until a right one comes. */
  #plausible(numNodes: number): number {
    const isPlausible = isPlausibleNodeCount(numNodes);
    if (!isPlausible) {
      const level = this.#refusedNodeCount ? "debug" : "warn";
      const fields = { numNodes: String(numNodes), kept: this.#snapshot.numNodes };
      this.#ports.logger[level](fields, `number of nodes not taken: expected 0 to ${MAX_NODES}`);
    }
    this.#refusedNodeCount = !isPlausible;
    return isPlausible ? numNodes : this.#snapshot.numNodes;
  }

  #pingOptions() {
    const { region, rpcMajorVersion, pingTimeoutMs = DEFAULT_PING_TIMEOUT_MS } = this.#config;
    return { region, apiMajorVersion: rpcMajorVersion, timeoutMs: pingTimeoutMs };
  }

  #apply(event: ServerEvent): boolean {
    const previous = this.#snapshot;
    const next = transition(previous, event, wallTimeOf(this.#ports.clock));
    if (next === previous) {
      return false;
    }
    this.#snapshot = next;
    if (next.numNodes !== previous.numNodes || next.size !== previous.size) {
      this.#timer.shortenTo(this.#intervalMs());
    }
    this.#feed.publish(next, previous);
    return true;
  }

  /** Barred ones, too: a server's name is asked for once, wherever the server is. */
  readonly #listed = (key: string): ServerEndpoint | undefined =>
    (this.#snapshot.members.get(key) ?? this.#snapshot.barred.get(key))?.endpoint;
}
