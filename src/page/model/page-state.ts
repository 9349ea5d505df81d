/** All that the page knows, and how it changes: a pure function of what was known and what came. */
import { EMPTY_LOG, type EventBatch, type EventLog, withBatch } from "./event-log.ts";
import type {
  ExplanationReply,
  HistoryReply,
  PoolReply,
  PoolSummaryReply,
  SelfReply,
  ServerReply,
  StatusReply,
} from "./replies.ts";

/** How the page stands to its agent; times in ms since 1970 by the agent's clock. */
export type Connection =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  /** The agent answers, and refuses: one line of its own. */
  | { readonly kind: "refused"; readonly error: string }
  | { readonly kind: "gone"; readonly since: number };

export interface PageState {
  readonly connection: Connection;
  readonly self: SelfReply | undefined;
  readonly status: StatusReply | undefined;
  readonly pools: readonly PoolSummaryReply[] | undefined;
  /** The pool that the reader asked for, also when there is none of that name. */
  readonly wanted: string | undefined;
  /** Of the selected pool. */
  readonly detail: PoolDetail | undefined;
  /** `undefined`: not read, or the agent has none. */
  readonly history: HistoryReply | undefined;
  readonly log: EventLog;
  /** When all this was true, by the agent's clock; `undefined`: nothing is known. */
  readonly knownAt: number | undefined;
}

export interface PoolDetail {
  readonly pool: PoolReply;
  readonly explanation: ExplanationReply;
  /** Those that were read of the present list, by their position; a long list is read in parts. */
  readonly servers: ReadonlyMap<number, ServerReply>;
}

export const FIRST_STATE: PageState = {
  connection: { kind: "connecting" },
  self: undefined,
  status: undefined,
  pools: undefined,
  wanted: undefined,
  detail: undefined,
  history: undefined,
  log: EMPTY_LOG,
  knownAt: undefined,
};

export type PageNews =
  | {
      readonly kind: "read";
      readonly at: number;
      readonly self?: SelfReply;
      readonly status: StatusReply;
      readonly pools: readonly PoolSummaryReply[];
      /** Absent: the selected pool is gone, or there is none. */
      readonly detail?: { readonly pool: PoolReply; readonly explanation: ExplanationReply };
    }
  | { readonly kind: "history"; readonly history: HistoryReply | undefined }
  | { readonly kind: "happened"; readonly batch: EventBatch }
  | { readonly kind: "selected"; readonly pool: string | undefined }
  | { readonly kind: "refused"; readonly error: string }
  | { readonly kind: "lost"; readonly at: number };

export function nextState(state: PageState, news: PageNews): PageState {
  switch (news.kind) {
    case "read":
      return {
        ...state,
        connection: state.connection.kind === "live" ? state.connection : { kind: "live" },
        self: news.self ?? state.self,
        status: news.status,
        pools: news.pools,
        detail: news.detail && detailOf(state.detail, news.detail),
        knownAt: news.at,
      };
    case "history":
      return { ...state, history: news.history };
    case "happened": {
      const log = withBatch(state.log, news.batch);
      return log === state.log ? state : { ...state, log };
    }
    case "selected":
      return news.pool === state.wanted
        ? state
        : { ...state, wanted: news.pool, detail: undefined, history: undefined };
    case "refused":
      return { ...state, connection: news };
    case "lost":
      return state.connection.kind === "gone"
        ? state
        : { ...state, connection: { kind: "gone", since: news.at } };
  }
}

/** Servers that were read before stay, as long as the list is the same. */
function detailOf(before: PoolDetail | undefined, read: Omit<PoolDetail, "servers">): PoolDetail {
  const { pool } = read;
  const isSameList =
    before !== undefined && before.pool.name === pool.name && before.pool.revision === pool.revision;
  const servers = new Map(isSameList ? before.servers : []);
  for (const server of pool.servers) {
    servers.set(server.position, server);
  }
  return { ...read, servers };
}

const TROUBLE: readonly string[] = ["empty", "outage", "stale", "starting"];

/** How badly a pool does: 0 is worst. Pools that questions started come after those of the configuration. */
function rankOf({ on_demand: isOnDemand, state }: PoolSummaryReply): number {
  const trouble = TROUBLE.indexOf(state);
  return (trouble === -1 ? TROUBLE.length : trouble) + (isOnDemand ? 100 : 0);
}

/** Those that need somebody first; otherwise in the agent's order. */
export function byNeed(pools: readonly PoolSummaryReply[]): readonly PoolSummaryReply[] {
  return pools.toSorted((one, other) => rankOf(one) - rankOf(other));
}

/** The pool that is shown: the one that was asked for, or the one that needs somebody most. */
export function selectedPool({ pools, wanted }: Pick<PageState, "pools" | "wanted">): string | undefined {
  return pools?.some(({ name }) => name === wanted) === true ? wanted : byNeed(pools ?? [])[0]?.name;
}
