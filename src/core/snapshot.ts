import { List, Map as PersistentMap } from "immutable";
import type { ServerEndpoint } from "./server-endpoint.ts";

/** Where a server became known. */
export type Source = "static" | "api" | "heartbeat" | "consul" | "state-file";

/** Primaries are the servers to use; backups are for when contact with the primaries is lost. */
export type Tier = "primary" | "backup";

/** What each source says of a server. Primary in one source is primary. */
export type Claims = Readonly<Partial<Record<Source, Tier>>>;

/** One server of the list, with the sources that named it. */
export interface Member {
  readonly endpoint: ServerEndpoint;
  readonly claims: Claims;
  readonly tier: Tier;
}

type Occurrence =
  | "started"
  | "primary-added"
  | "backups-reported"
  | "heartbeat-received"
  | "server-failed"
  | "server-removed"
  | "server-found"
  | "server-barred"
  | "server-admitted"
  | "server-resolved"
  | "address-answered"
  | "address-failed"
  | "configuration-changed"
  | "rebalanced";

/** Why a snapshot came about. */
export interface Cause {
  readonly occurrence: Occurrence;
  /** Who reported it: a source, or a part of the agent such as `health` or `rebalancer`. */
  readonly source: string;
  /** The key of the one server it is about, where there is one. */
  readonly server?: string;
  /** A few words for people, such as `connection refused`. */
  readonly reason?: string;
}

/** The change that made the present head the head. */
export interface HeadSince {
  /** The head before, and its tier then; absent when there was none. */
  readonly previous: { readonly key: string; readonly tier: Tier } | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly revision: number;
  readonly cause: Cause;
}

/** What differs from the snapshot before: keys of servers. */
export interface Difference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Servers that changed their place relative to others. */
  readonly moved: readonly string[];
}

export const NO_DIFFERENCE: Difference = Object.freeze({
  added: Object.freeze([]),
  removed: Object.freeze([]),
  moved: Object.freeze([]),
});

interface SnapshotFields {
  readonly revision: number;
  readonly order: List<string>;
  readonly members: PersistentMap<string, Member>;
  readonly barred?: PersistentMap<string, Member>;
  readonly leaderAddr: string;
  readonly numNodes: number;
  /** The snapshot before. */
  readonly before?: Pick<Snapshot, "head" | "headSince" | "tierOf">;
  readonly cause: Cause;
  readonly difference: Difference;
  readonly at: number;
}

/**
 * The ordered server list at one moment: an immutable value. The first server is the head, the one to use now.
 * Order and members are persistent structures, so that a step costs the same at 3 and at 10,000 servers.
 */
export class Snapshot implements Omit<SnapshotFields, "before"> {
  /** Counts changes, from 0. */
  readonly revision: number;
  /** Keys in failover order. */
  readonly order: List<string>;
  readonly members: PersistentMap<string, Member>;
  /** Servers that sources name, and that are not listed, because they say that they do not serve us. By key. */
  readonly barred: PersistentMap<string, Member>;
  /** `servers[0]`, without making the array. */
  readonly head: ServerEndpoint | undefined;
  /** Since when the head is the head, and why; `undefined` without a head. */
  readonly headSince: HeadSince | undefined;
  /** RPC address of the leader, or "" when the last heartbeat named none. */
  readonly leaderAddr: string;
  /** Nodes of the fleet by the last heartbeat. */
  readonly numNodes: number;
  readonly cause: Cause;
  readonly difference: Difference;
  /** When it came about: milliseconds since the Unix epoch. */
  readonly at: number;
  #servers: readonly ServerEndpoint[] | undefined;
  readonly #tiers: Partial<Record<Tier, readonly ServerEndpoint[]>> = {};

  constructor(fields: SnapshotFields) {
    this.revision = fields.revision;
    this.order = fields.order;
    this.members = fields.members;
    this.barred = fields.barred ?? PersistentMap();
    this.leaderAddr = fields.leaderAddr;
    this.numNodes = fields.numNodes;
    this.cause = fields.cause;
    this.difference = fields.difference;
    this.at = fields.at;
    const first = fields.order.first();
    this.head = first === undefined ? undefined : fields.members.get(first)?.endpoint;
    this.headSince = headSince(first, fields);
    Object.freeze(this);
  }

  static empty(at: number): Snapshot {
    return new Snapshot({
      revision: 0,
      order: List(),
      members: PersistentMap(),
      leaderAddr: "",
      numNodes: 0,
      cause: Object.freeze({ occurrence: "started", source: "agent" }),
      difference: NO_DIFFERENCE,
      at,
    });
  }

  /** How many servers there are, healthy or not. */
  get size(): number {
    return this.members.size;
  }

  /** All servers in failover order; frozen, made at the first call. */
  get servers(): readonly ServerEndpoint[] {
    this.#servers ??= Object.freeze([...this.#endpoints()]);
    return this.#servers;
  }

  /** The servers of one tier in failover order; frozen, made at the first call. */
  serversOf(tier: Tier): readonly ServerEndpoint[] {
    const made =
      this.#tiers[tier] ??
      Object.freeze(this.servers.filter((server) => this.members.get(server.key)?.tier === tier));
    this.#tiers[tier] = made;
    return made;
  }

  tierOf(key: string): Tier | undefined {
    return this.members.get(key)?.tier;
  }

  *#endpoints(): Generator<ServerEndpoint> {
    for (const key of this.order) {
      const member = this.members.get(key);
      if (member !== undefined) {
        yield member.endpoint;
      }
    }
  }
}

function headSince(head: string | undefined, fields: SnapshotFields): HeadSince | undefined {
  const { at, before, cause, revision } = fields;
  if (head === undefined) {
    return undefined;
  }
  const key = before?.head?.key;
  if (head === key) {
    return before?.headSince;
  }
  const previous = key === undefined ? undefined : { key, tier: before?.tierOf(key) ?? "primary" };
  return { previous, at, cause, revision };
}
