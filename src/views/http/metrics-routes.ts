import type { FastifyInstance } from "fastify";
import { printable } from "../../core/printable.ts";

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
const FORMATS = ["json", "prometheus"];

/** Adds the routes of metrics and counts the answers of all routes. To be called before other routes are added. */
export function addMetricsRoutes(app: FastifyInstance, metrics: MetricsApi): void {
  app.addHook("onRoute", ({ url }) => {
    metrics.http.expect(url);
  });
  app.addHook("onResponse", async (request, reply) => {
    metrics.http.answered(request.routeOptions.url, reply.statusCode);
  });
  app.get("/metrics", (_request, reply) => reply.type(TEXT_TYPE).send(metrics.text()));
  app.get<{ Querystring: Record<string, unknown> }>("/v1/metrics", (request, reply) => {
    const { format = "json", ...others } = request.query;
    const [other] = Object.keys(others);
    if (other !== undefined || typeof format !== "string" || !FORMATS.includes(format)) {
      const expected = `expected format=${FORMATS.join(" or format=")}`;
      const given = other ?? `format=${String(format)}`;
      const error = `query "${printable(given)}": ${expected}`;
      return reply.code(400).send({ error, code: "bad-query", details: { expected: ["format"] } });
    }
    return format === "json" ? reply.send(metrics.json()) : reply.type(TEXT_TYPE).send(metrics.text());
  });
}
