/** What the watcher asks of Consul: its only window on the network. */

/** Which instances of a service are wanted. */
export interface ServiceSelection {
  readonly service: string;
  readonly tag?: string;
  /** Only instances whose checks all pass; otherwise whatever the catalog lists, healthy or not. */
  readonly passing: boolean;
  /** An expression in Consul's own filter language. */
  readonly filter?: string;
  /** Sort by distance from this node; `_agent` is the agent that is asked. */
  readonly near: string;
  /** Any server may answer, not only the leader: answers continue while there is no leader. */
  readonly stale: boolean;
}

export interface CatalogQuery {
  readonly selection: ServiceSelection;
  /** The datacenter to ask about; the asked agent's own when missing. */
  readonly datacenter?: string;
  /** 0 asks for an answer now; any other waits until the index has moved past it. */
  readonly index: number;
  /** Milliseconds that Consul may wait for a change. Without meaning when `index` is 0. */
  readonly waitMs: number;
  /** Milliseconds after which the query is given up, whatever state its connection is in. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** One instance as Consul lists it; what the answer leaves out is empty. */
export interface ServiceInstance {
  /** Never empty: without an ID, the position in the answer. */
  readonly id: string;
  readonly service: string;
  /** `Service.Address`; empty when the instance has none of its own. */
  readonly serviceAddress: string;
  /** `Node.Address`. */
  readonly nodeAddress: string;
  /** 0 when it has none. */
  readonly port: number;
  readonly datacenter: string;
}

/** An entry that can't be used, and why. */
export interface SkippedInstance {
  /** The instance's ID, else its position in the answer. */
  readonly id: string;
  readonly reason: string;
}

export interface CatalogAnswer {
  readonly instances: readonly ServiceInstance[];
  /** Entries of the answer that could not be read as instances. */
  readonly skipped: readonly SkippedInstance[];
  /** `X-Consul-Index`; `undefined` when the header is missing or is no number. */
  readonly index: number | undefined;
  /** Consul says that it left out entries the token may not read (Consul 1.11 and later; earlier ones never tell). */
  readonly filteredByAcl: boolean;
  /** Whether the query carried a token. */
  readonly withToken: boolean;
}

/** Why a query failed: what every rejection of a catalog carries. */
export interface CatalogFailure extends Error {
  /** Stable, such as `unreachable` or `http-403`. */
  readonly code: string;
  /**
   * The exchange was ended without a word of Consul's, as by a proxy that waited too long for it: with a gateway's
   * status, an empty body, or a closed connection. Not set where nobody answers, or where Consul does.
   */
  readonly brokenOff?: boolean;
}

export interface ConsulCatalog {
  /** Rejects with a `CatalogFailure`; always settles by the query's deadline. */
  instances(query: CatalogQuery): Promise<CatalogAnswer>;
  /** The names of all datacenters. Rejects with a `CatalogFailure`; always settles within `deadlineMs`. */
  datacenters(ask: Pick<CatalogQuery, "deadlineMs" | "signal">): Promise<readonly string[]>;
}
