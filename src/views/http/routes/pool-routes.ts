/** About pools: their lists, why, and what is next. */
import { explain } from "../../../core/explain/explain.ts";
import { explanationText } from "../../../core/explain/explanation-text.ts";
import { WHAT_IFS, whatIf } from "../../../core/explain/what-if.ts";
import { printable } from "../../../core/printable.ts";
import { EndpointError } from "../../../core/rpc-addr.ts";
import { ApiError, rateLimited } from "../api-error.ts";
import { type HttpApi, poolOf } from "../http-api.ts";
import { poolFacts } from "../pool-facts.ts";
import { poolJson, SERVERS_SHOWN, summaryOf } from "../pool-json.ts";
import { type Call, type Route, route } from "../route.ts";
import type { Waiters } from "../waiters.ts";

const BLOCKING = {
  index: { kind: "integer", description: "Answers when there is something newer than this index." },
  wait: {
    kind: "duration",
    description: "Answers after this time at the latest: 5m by default, 10m at most.",
  },
} as const;

const ONE_POOL = {
  ...BLOCKING,
  limit: { kind: "integer", description: `Servers that are shown: ${SERVERS_SHOWN} by default.` },
} as const;

const EXPLAIN = {
  ...BLOCKING,
  if: { kind: "text", isList: true, description: `A further what-if: ${WHAT_IFS.join(", ")}.` },
} as const;

/** Addresses of one request: each may have to be looked up. */
const MOST_ADDED = 32;

/** How soon a list may be rebalanced again by hand. */
const REBALANCE_EVERY_MS = 10_000;

export function poolRoutes(api: HttpApi, waiters: Waiters): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/pools",
      summary: "The pools, without their servers. Waits for news of any pool with `index`.",
      query: BLOCKING,
      answers: { 200: "The pools." },
      reply: "Pools",
      refusals: ["bad-query", "too-many-waiters"],
      handle: async ({ query, request }) => {
        await waiters.news(
          { index: query.index, waitMs: query.wait, present: () => api.timeline.index },
          request,
        );
        return { pools: [...api.pools.keys()].map((name) => summaryOf(poolFacts(api, name))) };
      },
    }),
    route({
      method: "GET",
      path: "/v1/pools/:pool",
      summary: "One pool: its list, its sources, and what is next. Waits for news of it with `index`.",
      query: ONE_POOL,
      answers: { 200: "The pool." },
      reply: "Pool",
      refusals: ["bad-query", "unknown-pool", "too-many-waiters"],
      handle: async (call) => {
        const facts = await newsOf(api, waiters, call);
        return poolJson(facts, call.query.limit ?? SERVERS_SHOWN);
      },
    }),
    route({
      method: "GET",
      path: "/v1/pools/:pool/explain",
      summary: "Why this head, why no other, what next, what if. As text with `Accept: text/plain`.",
      query: EXPLAIN,
      answers: { 200: "The explanation." },
      reply: "Explanation",
      refusals: ["bad-query", "unknown-pool", "too-many-waiters"],
      handle: async (call) => {
        const facts = await newsOf(api, waiters, call);
        for (const question of call.query.if) {
          if (whatIf(facts, question) === undefined) {
            const expected = WHAT_IFS.join(", ");
            throw new ApiError(
              "bad-query",
              `query: if: "${printable(question)}": expected one of ${expected}, with the key of a listed server`,
              { details: { expected: WHAT_IFS } },
            );
          }
        }
        const explanation = explain(facts, call.query.if);
        if (!(call.request.headers.accept ?? "").includes("text/plain")) {
          return explanation;
        }
        void call.reply.type("text/plain; charset=utf-8");
        return explanationText(explanation, facts);
      },
    }),
    route({
      method: "GET",
      path: "/v1/agent/servers",
      summary: "The servers of a pool in order, `host:port` each, as Nomad's API has them.",
      query: { pool: { kind: "text", description: "By default the only pool." } },
      answers: { 200: "The servers." },
      reply: "Servers",
      refusals: ["bad-query", "unknown-pool"],
      handle: ({ query }) => chosenPool(api, query.pool).proxy.serverRpcAddrs(),
    }),
    route({
      method: "PUT",
      path: "/v1/agent/servers",
      summary: "Adds primaries until the next heartbeat.",
      query: {
        pool: { kind: "text", description: "By default the only pool." },
        address: { kind: "text", isList: true, description: "`host:port`, any number of times." },
      },
      answers: { 200: "What became of each." },
      reply: "AddedServers",
      refusals: ["bad-query", "unknown-pool", "token-refused"],
      handle: ({ query }) => addServers(chosenPool(api, query.pool), query.address),
    }),
    rebalanceRoute(api),
  ];
}

async function newsOf<Shape extends typeof BLOCKING>(api: HttpApi, waiters: Waiters, call: Call<Shape>) {
  const { pool: name = "" } = call.params;
  poolOf(api, name);
  const { index, wait } = call.query as { readonly index?: number; readonly wait?: number };
  await waiters.news({ index, waitMs: wait, present: () => api.timeline.indexOf(name) }, call.request);
  const facts = poolFacts(api, name);
  void call.reply.header("x-headwaiter-index", facts.index);
  return facts;
}

function chosenPool(api: HttpApi, name: string | undefined) {
  const [only, ...more] = api.pools.keys();
  if (name === undefined && (only === undefined || more.length > 0)) {
    const expected = [...api.pools.keys()];
    throw new ApiError("bad-query", `query: pool: expected one of ${expected.join(", ")}`, {
      details: { expected },
    });
  }
  return poolOf(api, name ?? only ?? "");
}

async function addServers({ proxy }: ReturnType<typeof poolOf>, addresses: readonly string[]) {
  const added: string[] = [];
  const known: string[] = [];
  const rejected: object[] = [];
  if (addresses.length === 0) {
    throw new ApiError("bad-query", "query: address: expected at least one host:port");
  }
  for (const address of addresses.slice(0, MOST_ADDED)) {
    try {
      const before = new Set(proxy.serverRpcAddrs());
      const { key } = await proxy.addPrimaryServer(address);
      (before.has(key) ? known : added).push(key);
    } catch (error) {
      if (!(error instanceof EndpointError)) {
        throw error;
      }
      rejected.push({ address: printable(address), code: error.code, error: printable(error.message) });
    }
  }
  return { added, known, rejected };
}

function rebalanceRoute(api: HttpApi): Route {
  const begunAt = new Map<string, number>();
  return route({
    method: "POST",
    path: "/v1/pools/:pool/rebalance",
    summary: "Begins a rebalance of the list, at most one in ten seconds.",
    query: {},
    answers: { 202: "It has begun." },
    reply: "Rebalance",
    refusals: ["unknown-pool", "rate-limited", "token-refused"],
    handle: async ({ params, reply }) => {
      const { pool: name = "" } = params;
      const { proxy } = poolOf(api, name);
      const now = api.clock.now();
      const waitMs = (begunAt.get(name) ?? Number.NEGATIVE_INFINITY) + REBALANCE_EVERY_MS - now;
      if (waitMs > 0) {
        throw rateLimited(`pool ${name} was rebalanced just now: at most once in 10 s`, waitMs);
      }
      begunAt.set(name, now);
      void proxy.rebalanceServers({ reason: "asked for over HTTP" });
      await reply.code(202).send({ rebalance: "begun" });
    },
  });
}
