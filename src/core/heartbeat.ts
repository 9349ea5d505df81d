import type { NodeServerInfo } from "./api-version-filter.ts";
import type { ServerEndpoint } from "./server-endpoint.ts";

/** What a heartbeat says of a cluster, asked for or pushed. */
interface Heartbeat {
  /** Servers that are alive. Addresses are as whoever told them writes them, not checked. */
  readonly servers: readonly NodeServerInfo[];
  /** Client nodes of the region; `undefined` when nobody told: the last number is kept. */
  readonly numNodes: number | undefined;
  /** RPC address of the leader; "" while there is none. */
  readonly leaderRpcAddr: string;
}

/** The heartbeat of a server that was asked. */
export interface HeartbeatAnswer extends Heartbeat {
  /**
   * The server's own region, where it names one that is not ours: what it says of ours is true, but it is no server of
   * it.
   */
  readonly otherRegion?: string | undefined;
}

/** A heartbeat that somebody sends us, for servers that do not speak Nomad's RPC. */
export interface PushedHeartbeat extends Heartbeat {
  /** Milliseconds within which the next one is due. */
  readonly ttlMs: number;
}

/** An answer, and the server that gave it. */
export interface Heard {
  readonly from: ServerEndpoint;
  readonly answer: HeartbeatAnswer;
}

/** Asks one server; rejects when it can't be asked, or does not answer. */
export type AskForHeartbeat = (server: ServerEndpoint, signal: AbortSignal) => Promise<HeartbeatAnswer>;
