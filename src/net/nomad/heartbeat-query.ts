import type { ApiVersion, NodeServerInfo } from "../../core/api-version-filter.ts";
import { isPlausibleNodeCount, MAX_NODES } from "../../core/fleet.ts";
import type { HeartbeatAnswer } from "../../core/heartbeat.ts";
import { RecentMap } from "../../core/recent-map.ts";
import { joinHostPort } from "../../core/rpc-addr.ts";
import { ConnectionError } from "../connection/connection-error.ts";
import { sharedDeadline } from "../connection/deadline.ts";
import type { CallOptions } from "../connection/held-connection.ts";
import { nodeCountIntervalMs } from "./node-count-pace.ts";
import type { NomadClient, NomadMember, NomadMembers } from "./nomad-client.ts";

/** A server's answer, and what became of the count of nodes. */
export interface CountedHeartbeat extends HeartbeatAnswer {
  /** Why counting failed, when it was tried. */
  readonly countFailure: ConnectionError | undefined;
}

/** Who asks. */
export interface HeartbeatIdentity extends ApiVersion {
  readonly region: string;
  readonly datacenter: string;
}

// An upgraded server keeps its address and gains the method: asking again costs one connection in this time.
const METHOD_MISSING_FOR_MS = 10 * 60_000;

// Servers that are remembered to lack it. One of more is asked again, which costs a connection.
const MAX_OLD_SERVERS = 1_000;

// When the count failed: as long as for a small fleet, so that a new token is soon noticed.
const COUNT_RETRY_MS = 60_000;

// A count this many times the one before, or the first of all, is counted once more as soon, before an interval is gone
// by it.
const SURPRISE_FACTOR = 10;

/**
 * Asks a server what a Nomad client learns from its heartbeats, without registering a node (which would be
 * schedulable): the leader, the servers, and now and then the number of nodes. All reads are stale, so an answer needs
 * no leader.
 *
 * Servers come from Status.Members. They come from Status.Peers where that is missing (before 0.5) or forbidden (a
 * token without `node:read`), and for members that name no RPC address. Peers are bare raft addresses, equal to the RPC
 * addresses, and tell neither datacenter nor version: such a server gets our own of both, so it becomes a primary and
 * is never filtered. Dead ones are among the peers until raft removes them.
 */
export class HeartbeatQuery {
  readonly #identity: HeartbeatIdentity;
  readonly #now: () => number;
  /** When to ask the server with this key for its members again, by `now`. */
  readonly #membersMissingUntil = new RecentMap<number>(MAX_OLD_SERVERS);
  #countDueAt = Number.NEGATIVE_INFINITY;
  #lastCount: number | undefined;

  /** `now` counts milliseconds from any moment on and never goes back. */
  constructor(identity: HeartbeatIdentity, now: () => number = () => performance.now()) {
    this.#identity = identity;
    this.#now = now;
  }

  /**
   * One heartbeat. `timeoutMs` covers all of it. Rejects with the `ConnectionError` of the call that failed, or with
   * the reason of the signal; a count that fails rejects nothing.
   */
  async ask(client: NomadClient, options: CallOptions): Promise<CountedHeartbeat> {
    using left = sharedDeadline(options);
    const leaderRpcAddr = await client.leader({ ...left(), allowStale: true });
    const members = await this.#members(client, left());
    const servers = await this.#servers(client, members, left);
    const count = await this.#count(client, servers.length, left());
    const otherRegion = this.#otherRegion(members);
    return { servers, leaderRpcAddr, ...count, ...(otherRegion === undefined ? {} : { otherRegion }) };
  }

  /**
   * The server's own region where it is not ours, `undefined` where it is, or where the server does not tell. Rejects
   * with a `ConnectionError`, of code `no-path-to-region` when the server knows no server of our region either.
   */
  async otherRegion(client: NomadClient, options: CallOptions): Promise<string | undefined> {
    using left = sharedDeadline(options);
    await client.leader({ ...left(), allowStale: true });
    return this.#otherRegion(await this.#members(client, left()));
  }

  #otherRegion(members: NomadMembers | undefined): string | undefined {
    const { region = "" } = members ?? {};
    return region === "" || region === this.#identity.region ? undefined : region;
  }

  async #servers(
    client: NomadClient,
    members: NomadMembers | undefined,
    left: () => CallOptions,
  ): Promise<readonly NodeServerInfo[]> {
    if (members === undefined) {
      return await this.#peers(client, left());
    }
    const ours = members.members.filter((member) => this.#isOurs(member));
    const servers = ours.map((member) => this.#serverOf(member)).filter((server) => server !== undefined);
    if (servers.length === ours.length) {
      return servers;
    }
    const known = new Set(servers.map((server) => server.rpcAdvertiseAddr));
    const peers = await this.#peers(client, left());
    return [...servers, ...peers.filter((peer) => !known.has(peer.rpcAdvertiseAddr))];
  }

  /** `undefined` when the server can't or won't tell. */
  async #members(client: NomadClient, options: CallOptions): Promise<NomadMembers | undefined> {
    const { key } = client.endpoint;
    if ((this.#membersMissingUntil.get(key) ?? Number.NEGATIVE_INFINITY) > this.#now()) {
      return undefined;
    }
    try {
      return await client.members(options);
    } catch (error) {
      if (!(error instanceof ConnectionError)) {
        throw error;
      }
      if (error.code === "unknown-method") {
        this.#rememberMissing(key);
        return undefined;
      }
      if (error.code === "permission-denied") {
        return undefined;
      }
      throw error;
    }
  }

  #rememberMissing(key: string): void {
    const now = this.#now();
    this.#membersMissingUntil.forgetWhile((until) => until <= now);
    this.#membersMissingUntil.set(key, now + METHOD_MISSING_FOR_MS);
  }

  async #peers(client: NomadClient, options: CallOptions): Promise<NodeServerInfo[]> {
    const { datacenter, rpcMajorVersion, rpcMinorVersion } = this.#identity;
    const peers = await client.peers({ ...options, allowStale: true });
    return peers.map((rpcAdvertiseAddr) => ({
      rpcAdvertiseAddr,
      rpcMajorVersion,
      rpcMinorVersion,
      datacenter,
    }));
  }

  #isOurs({ tags, status }: NomadMember): boolean {
    return tags["role"] === "nomad" && tags["region"] === this.#identity.region && status === "alive";
  }

  /** `undefined` for an old server, whose tags don't name its RPC address. */
  #serverOf({ tags }: NomadMember): NodeServerInfo | undefined {
    const host = tags["rpc_addr"];
    const port = tags["port"];
    if (host === undefined || host === "" || port === undefined) {
      return undefined;
    }
    return {
      rpcAdvertiseAddr: joinHostPort(host, port),
      rpcMajorVersion: versionNumber(tags["vsn"]) ?? this.#identity.rpcMajorVersion,
      rpcMinorVersion: versionNumber(tags["mvn"]) ?? 0,
      datacenter: tags["dc"] ?? this.#identity.datacenter,
    };
  }

  async #count(
    client: NomadClient,
    numServers: number,
    options: CallOptions,
  ): Promise<Pick<CountedHeartbeat, "numNodes" | "countFailure">> {
    if (this.#countDueAt > this.#now()) {
      return { numNodes: undefined, countFailure: undefined };
    }
    try {
      const numNodes = plausible(await client.nodeCount({ ...options, allowStale: true }), client);
      const isSurprise = this.#lastCount === undefined || numNodes > SURPRISE_FACTOR * this.#lastCount;
      const waitMs = isSurprise ? COUNT_RETRY_MS : nodeCountIntervalMs(numNodes, numServers);
      this.#countDueAt = this.#now() + waitMs;
      this.#lastCount = numNodes;
      return { numNodes, countFailure: undefined };
    } catch (error) {
      if (!(error instanceof ConnectionError)) {
        throw error;
      }
      this.#countDueAt = this.#now() + COUNT_RETRY_MS;
      return { numNodes: undefined, countFailure: error };
    }
  }
}

function versionNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function plausible(numNodes: number, { endpoint }: NomadClient): number {
  if (!isPlausibleNodeCount(numNodes)) {
    const detail = `Node.List counts ${numNodes} nodes, expected at most ${MAX_NODES}`;
    throw new ConnectionError("unexpected-answer", endpoint.key, detail);
  }
  return numNodes;
}
