/** What was measured lately, for plots. */
import { historyJson } from "../history-json.ts";
import { type HttpApi, poolOf } from "../http-api.ts";
import { type Route, route } from "../route.ts";

export function historyRoute(api: Pick<HttpApi, "figures" | "pools">): Route {
  return route({
    method: "GET",
    path: "/v1/history",
    summary: "Round-trip times of watched servers and DNS queries of the last 15 minutes, in steps of 5 s.",
    query: { pool: { kind: "text", description: "Only this pool: by default all." } },
    answers: { 200: "A value for each step, the oldest first; `null` where nothing was measured." },
    reply: "History",
    refusals: ["bad-query", "unknown-pool"],
    handle: ({ query: { pool } }) => {
      if (pool !== undefined) {
        poolOf(api, pool);
      }
      return historyJson(api.figures(pool === undefined ? [...api.pools.keys()] : [pool]));
    },
  });
}
