/** About pools: their lists, why, and what is next. */
import { explain } from "../../../core/explain/explain.ts";
import type { Explanation } from "../../../core/explain/explanation.ts";
import { explanationText } from "../../../core/explain/explanation-text.ts";
import type { Facts } from "../../../core/explain/facts.ts";
import { WHAT_IFS, whatIf } from "../../../core/explain/what-if.ts";
import { printable } from "../../../core/printable.ts";
import { EndpointError } from "../../../core/rpc-addr.ts";
import { ApiError, rateLimited } from "../api-error.ts";
import { type HttpApi, poolOf } from "../http-api.ts";
import { poolFacts } from "../pool-facts.ts";
import { poolJson, SERVERS_SHOWN, summaryOf } from "../pool-json.ts";
import type { QueryShape } from "../query.ts";
import { type Call, type Route, route } from "../route.ts";
import { SharedAnswers } from "../shared-answers.ts";
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
  offset: { kind: "integer", description: "Servers before these are left out: 0 by default." },
} as const;

const EXPLAIN = {
  ...BLOCKING,
  if: { kind: "text", isList: true, description: `A further what-if: ${WHAT_IFS.join(", ")}.` },
} as const;

const JSON_TYPE = "application/json; charset=utf-8";

/** Addresses of one request: each may have to be looked up. */
const MOST_ADDED = 32;

/** How soon a list may be rebalanced again by hand. */
const REBALANCE_EVERY_MS = 10_000;

export function poolRoutes(api: HttpApi, waiters: Waiters): readonly Route[] {
  const shared = new SharedAnswers();
  return [
    route({
      method: "GET",
      path: "/v1/pools",
      summary: "The pools, without their servers. Waits for news of any pool with `index`.",
      query: BLOCKING,
      answers: { 200: "The pools." },
      reply: "Pools",
      refusals: ["bad-query", "too-many-waiters"],
      handle: async ({ query, reply, request }) => {
        const present = () => api.timeline.index;
        await waiters.news({ index: query.index, waitMs: query.wait, present }, request);
        void reply.type(JSON_TYPE);
        const pools = () => [...api.pools.keys()].map((name) => summaryOf(poolFacts(api, name)));
        return shared.of(`${present()} pools`, () => JSON.stringify({ pools: pools() }));
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
        const { limit = SERVERS_SHOWN, offset = 0 } = call.query;
        const index = await newsOf(api, waiters, call);
        void call.reply.type(JSON_TYPE);
        const list = () => poolJson(poolFacts(api, nameIn(call)), limit, offset);
        return shared.of(`${index} ${nameIn(call)} ${limit} ${offset}`, () => JSON.stringify(list()));
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
        const index = await newsOf(api, waiters, call);
        const isText = (call.request.headers.accept ?? "").includes("text/plain");
        void call.reply.type(isText ? "text/plain; charset=utf-8" : JSON_TYPE);
        const questions = call.query.if;
        const key = `${index} ${nameIn(call)} ${isText ? "text" : "explanation"} ${JSON.stringify(questions)}`;
        return shared.of(key, () => {
          const facts = poolFacts(api, nameIn(call));
          const explanation = explained(facts, questions);
          return isText ? explanationText(explanation, facts) : JSON.stringify(explanation);
        });
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

/** Resolves with the index of the pool, when there is news of it or the wait is over. */
async function newsOf<Shape extends typeof BLOCKING>(
  api: HttpApi,
  waiters: Waiters,
  call: Call<Shape>,
): Promise<number> {
  const name = nameIn(call);
  poolOf(api, name);
  const { index, wait } = call.query as { readonly index?: number; readonly wait?: number };
  const present = () => api.timeline.indexOf(name);
  await waiters.news({ index, waitMs: wait, present }, call.request);
  // It may be gone now.
  poolOf(api, name);
  void call.reply.header("x-headwaiter-index", present());
  return present();
}

function nameIn({ params }: Pick<Call<QueryShape>, "params">): string {
  return params["pool"] ?? "";
}

/** @throws ApiError `bad-query` for a question that is none. */
function explained(facts: Facts, questions: readonly string[]): Explanation {
  for (const question of questions) {
    if (whatIf(facts, question) === undefined) {
      const expected = WHAT_IFS.join(", ");
      throw new ApiError(
        "bad-query",
        `query: if: "${printable(question)}": expected one of ${expected}, with the key of a listed server`,
        { details: { expected: WHAT_IFS } },
      );
    }
  }
  return explain(facts, questions);
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
