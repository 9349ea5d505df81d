import type { NodeServerInfo } from "./api-version-filter.ts";
import type { ServerEndpoint } from "./server-endpoint.ts";

/** What one server says of its cluster. */
export interface HeartbeatAnswer {
  readonly servers: readonly NodeServerInfo[];
  /** `undefined` when the server would not tell: the last number is kept. */
  readonly numNodes: number | undefined;
  /** "" when it knows of no leader. */
  readonly leaderRpcAddr: string;
  /** The server's own region, where it names one that is not ours: what it says of ours is true, but it is no server of it. */
  readonly otherRegion?: string | undefined;
}

/** An answer, and the server that gave it. */
export interface Heard {
  readonly from: ServerEndpoint;
  readonly answer: HeartbeatAnswer;
}

/** Asks one server; rejects when it can't be asked, or does not answer. */
export type HeartbeatQuery = (server: ServerEndpoint, signal: AbortSignal) => Promise<HeartbeatAnswer>;
