/** What client programs see of a server. */
import * as z from "zod";
import { isLoopback, parseIpAddress } from "../../../core/ip-address.ts";
import { printable } from "../../../core/printable.ts";
import { EndpointError, serverKey } from "../../../core/rpc-addr.ts";
import { ApiError, rateLimited } from "../api-error.ts";
import { type HttpApi, poolOf } from "../http-api.ts";
import { bodyOf } from "../json-body.ts";
import { type Route, route } from "../route.ts";

const note = z
  .string()
  .max(200)
  .refine((text) => printable(text) === text, "expected printable characters")
  .optional();

/** Unknown keys are mistakes. */
const failedBody = z.strictObject({
  reason: note,
  observed_at: z.iso
    .datetime({ offset: true, error: "expected a time as 2026-01-31T12:00:04.117Z" })
    .optional(),
  client: note,
});

/** @param isProtected whether writes need a token, which was looked at then. */
export function failedRoute(api: HttpApi, isProtected: () => boolean): Route {
  return route({
    method: "POST",
    path: "/v1/pools/:pool/servers/:server/failed",
    summary: "Says that a server fails: the agent asks it now, and answers with what it found.",
    query: {},
    body: z.toJSONSchema(failedBody, { io: "input" }),
    answers: {
      200: "The server was asked: `confirmed` or `refuted`.",
      202: "It was noted; `text` says why.",
    },
    reply: "Reported",
    refusals: [
      "bad-body",
      "unknown-pool",
      "unknown-server",
      "not-json",
      "too-large",
      "rate-limited",
      "token-refused",
    ],
    handle: async ({ params, reply, request }) => {
      const { pool: name = "", server = "" } = params;
      const { remoteAddress } = request.socket;
      const source = remoteAddress === undefined ? undefined : (parseIpAddress(remoteAddress)?.host ?? "");
      if (source !== undefined && !isLoopback(source) && !isProtected()) {
        const message = "reports from other machines are taken where http.token_file is set";
        throw new ApiError("token-refused", message);
      }
      const pool = poolOf(api, name);
      const { client = source ?? "unnamed", observed_at, reason } = bodyOf(failedBody, request.body ?? {});
      const answer = await pool.report({
        server: keyOf(server),
        client,
        source: source ?? `unix ${client}`,
        reason,
        observedAt: observed_at === undefined ? undefined : Date.parse(observed_at),
      });
      switch (answer.kind) {
        case "unknown-server":
          throw new ApiError("unknown-server", `pool ${name} has no server "${printable(server)}"`);
        case "too-soon":
          throw rateLimited("reports come too fast", answer.waitMs);
        case "answered": {
          const { checkedMs, head, text, verdict } = answer;
          void reply.code(verdict === "noted" ? 202 : 200);
          return { verdict, head: head ?? null, checked_ms: checkedMs ?? null, text };
        }
      }
    },
  });
}

/** As the list has it; what is no address stays as it is, and is no server's key. */
function keyOf(server: string): string {
  try {
    return serverKey(server);
  } catch (error) {
    if (!(error instanceof EndpointError)) {
      throw error;
    }
    return server;
  }
}
