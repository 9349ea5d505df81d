/** About the agent itself. */
import { printable } from "../../../core/printable.ts";
import { rfc3339 } from "../../../core/time/rfc3339.ts";
import { wallTimeOf } from "../../../core/time/wall-time.ts";
import type { HttpApi } from "../http-api.ts";
import { agentProblems } from "../problems.ts";
import { readinessJson } from "../readiness.ts";
import { type Route, route } from "../route.ts";

/** What programs may rely on, beyond the version. */
const FEATURES = [
  "blocking-reads",
  "events",
  "explain",
  "history",
  "openapi",
  "page",
  "reload",
  "reports",
] as const;

/** Answers 200 when DNS is served and every pool has a head. */
export const READINESS_PATH = "/v1/agent/ready";

export function agentRoutes(api: HttpApi): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/agent/health",
      summary: "Whether the process answers.",
      query: {},
      answers: { 200: "It does." },
      reply: "Health",
      refusals: [],
      handle: () => ({ status: "alive" }),
    }),
    route({
      method: "GET",
      path: READINESS_PATH,
      summary: "Whether DNS is served and every pool has a head.",
      query: { pool: { kind: "text", description: "Only this pool counts." } },
      answers: { 200: "Ready.", 503: "Not ready: the body says what is waited for." },
      reply: "Ready",
      refusals: ["unknown-pool"],
      handle: async ({ query, reply }) => {
        const found = readinessJson(api, query.pool);
        await reply.code(found.ready ? 200 : 503).send(found);
      },
    }),
    route({
      method: "GET",
      path: "/v1/agent/self",
      summary: "What this agent is, and what it was started with.",
      query: {},
      answers: { 200: "The agent." },
      reply: "Self",
      refusals: [],
      handle: () => selfOf(api),
    }),
    route({
      method: "GET",
      path: "/v1/agent/status",
      summary: "What is wrong, in the agent and its pools; 200 also when something is.",
      query: {},
      answers: { 200: "The problems." },
      reply: "Status",
      refusals: [],
      handle: () => {
        const problems = agentProblems(api);
        const state = problems.some(({ isFailing }) => isFailing)
          ? "failing"
          : problems.length > 0
            ? "degraded"
            : "ok";
        const shown = problems.map(({ code, pool, since_at, text }) => ({ code, pool, since_at, text }));
        return { state, problems: shown };
      },
    }),
  ];
}

/** From an allow-list of keys: nothing of the configuration is told as a whole. */
function selfOf({ clock, configuration, dns, dnsState, identity, pools, timeline }: HttpApi) {
  const { instance, version } = identity;
  const config = configuration.status();
  const { startedAt } = timeline;
  const { addresses, domain, listener = null } = dns();
  return {
    version: printable(version),
    api: 1,
    instance,
    started_at: rfc3339(startedAt),
    now_at: rfc3339(wallTimeOf(clock)),
    config: {
      hash: config.hash,
      restart_hash: config.restartHash,
      loaded_at: rfc3339(config.loadedAt),
      files: config.files.map((file) => printable(file)),
      restart_needed: config.needsRestart,
    },
    dns: { state: dnsState(), addresses, domain, listener },
    pools: [...pools.keys()],
    features: FEATURES,
  };
}
