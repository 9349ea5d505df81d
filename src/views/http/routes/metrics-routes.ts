import type { FastifyInstance, FastifyReply } from "fastify";
import { type Route, route } from "../route.ts";

/** What HTTP shows of metrics, and what it tells them. */
export interface MetricsApi {
  /** Prometheus' text format 0.0.4. */
  text(): string;
  json(): object;
  /** What was answered. */
  readonly http: {
    /** There is such a route. */
    expect(route: string): void;
    /** `undefined`: no route takes the request. */
    answered(route: string | undefined, code: number): void;
  };
}

const TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Counts the answers of all routes. To be called before routes are added. */
export function countAnswers(app: FastifyInstance, metrics: MetricsApi): void {
  app.addHook("onRoute", ({ url }) => {
    metrics.http.expect(url);
  });
  app.addHook("onResponse", async (request, reply) => {
    metrics.http.answered(request.routeOptions.url, reply.statusCode);
  });
}

export function metricsRoutes(metrics: MetricsApi): readonly Route[] {
  const asText = (reply: FastifyReply) => {
    void reply.type(TEXT_TYPE);
    return metrics.text();
  };
  return [
    route({
      method: "GET",
      path: "/metrics",
      summary: "What is measured, as Prometheus' text.",
      query: {},
      answers: { 200: "Prometheus' text format 0.0.4." },
      refusals: [],
      handle: ({ reply }) => asText(reply),
    }),
    route({
      method: "GET",
      path: "/v1/metrics",
      summary: "What is measured, as JSON.",
      query: {
        format: { kind: "text", choices: ["json", "prometheus"], description: "`json` by default." },
      },
      answers: { 200: "The metrics." },
      reply: "Metrics",
      refusals: ["bad-query"],
      handle: ({ query, reply }) => (query.format === "prometheus" ? asText(reply) : metrics.json()),
    }),
  ];
}
