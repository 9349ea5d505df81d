import * as z from "zod";
import { refusedAddresses } from "../answers.ts";
import { ApiError } from "../api-error.ts";
import { heartbeatBody, heartbeatOf } from "../heartbeat-body.ts";
import { type HttpApi, poolOf } from "../http-api.ts";
import { bodyOf } from "../json-body.ts";
import { type Route, route } from "../route.ts";

/**
 * Heartbeats that wait for the names in them to be looked up: with 10,000 names each takes some 3 MB, together 100 MB.
 * Those of addresses wait for nothing.
 */
const MAX_WAITING_HEARTBEATS = 32;

export function heartbeatRoute(api: HttpApi): Route {
  let waiting = 0;
  return route({
    method: "PUT",
    path: "/v1/pools/:pool/heartbeat",
    summary: "Says what servers a pool has: its primaries from now on.",
    query: {},
    body: z.toJSONSchema(heartbeatBody, { io: "input" }),
    answers: { 200: "It was taken; `rejected`: addresses that could not be used." },
    reply: "HeartbeatTaken",
    refusals: [
      "bad-body",
      "unknown-pool",
      "takes-no-heartbeat",
      "too-large",
      "not-json",
      "token-refused",
      "too-many-waiters",
    ],
    handle: async ({ params, request }) => {
      const { pool: name = "" } = params;
      const { pushed } = poolOf(api, name);
      if (pushed === undefined) {
        throw new ApiError(
          "takes-no-heartbeat",
          `pool ${name} takes no pushed heartbeats: expected heartbeat: push in its configuration`,
        );
      }
      const body = bodyOf(heartbeatBody, request.body);
      if (waiting >= MAX_WAITING_HEARTBEATS) {
        throw new ApiError(
          "too-many-waiters",
          `${MAX_WAITING_HEARTBEATS} heartbeats wait for names to be looked up: push it again later`,
        );
      }
      waiting += 1;
      const rejected = await pushed.take(heartbeatOf(body, api.datacenter())).finally(() => {
        waiting -= 1;
      });
      return refusedAddresses(rejected);
    },
  });
}
