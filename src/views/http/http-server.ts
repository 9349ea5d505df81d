import type { AddressInfo } from "node:net";
import type { FastifyInstance, FastifyServerOptions } from "fastify";
import type { Logger } from "../../core/ports.ts";
import { printable } from "../../core/printable.ts";
import { SecretFile } from "../../files/secret-file.ts";
import { ApiError, isRefusedBelow, refuse } from "./api-error.ts";
import { BodyLimit, limitConnections, timeouts } from "./client-limits.ts";
import { guard } from "./guard.ts";
import type { HttpApi } from "./http-api.ts";
import { type HttpAddress, type HttpPlace, listenAt } from "./http-listener.ts";
import { takeJson } from "./json-body.ts";
import { openApi } from "./openapi.ts";
import { type Readiness, readinessOf } from "./readiness.ts";
import { addRoute, methodsOf, type Route, route } from "./route.ts";
import { agentRoutes } from "./routes/agent-routes.ts";
import { eventRoutes } from "./routes/event-routes.ts";
import { failedRoute } from "./routes/failed-route.ts";
import { heartbeatRoute } from "./routes/heartbeat-route.ts";
import { historyRoute } from "./routes/history-route.ts";
import { countAnswers, type MetricsApi, metricsRoutes } from "./routes/metrics-routes.ts";
import { addPage, BUILT_PAGE, methodsOfPage } from "./routes/page-routes.ts";
import { poolRoutes } from "./routes/pool-routes.ts";
import { reloadRoute } from "./routes/reload-route.ts";
import { Waiters } from "./waiters.ts";

/** 10,000 servers of 100 bytes each. */
const MAX_BODY_BYTES = 1_048_576;

const DEFAULT_CONNECTIONS = 256;

/** Bodies are read and written by our own schemas: fastify's compilers of schemas, 500 KB of code, are not loaded. */
const NO_COMPILERS = {
  buildValidator: unused,
  buildSerializer: unused,
} satisfies NonNullable<FastifyServerOptions["schemaController"]>["compilersFactory"];

function unused(): never {
  throw new Error("a route with a schema of fastify's");
}

export interface HttpOptions extends HttpApi {
  readonly address: HttpAddress;
  /** Connections of clients; 256 by default. */
  readonly maxConnections?: number;
  /** Within which a request has to be complete; 10 s by default. */
  readonly patienceMs?: number;
  /** Holds the token that writes need; read at each write, so that it can be replaced. Absent: none needed. */
  readonly tokenFile?: string | undefined;
  /** Hears of a token file that can't be used, and of mistakes of ours. */
  readonly logger: Logger;
  /** Absent: there are no routes of metrics. */
  readonly metrics?: MetricsApi | undefined;
  /** The folder of the page's files; by default that of the build. */
  readonly pageFolder?: string;
}

/** The agent's HTTP endpoint: its routes are in `routes/`, each with what it reads and answers. */
export class HttpServer {
  readonly #options: HttpOptions;
  #tokenFile: SecretFile | undefined;
  #protectedBy: string | undefined;
  #app: FastifyInstance | undefined;

  constructor(options: HttpOptions) {
    this.#options = options;
    this.protect(options.tokenFile);
  }

  /** Requests that write need the token in this file from now on; `undefined`: none. */
  protect(tokenFile: string | undefined): void {
    if (tokenFile !== this.#protectedBy) {
      this.#protectedBy = tokenFile;
      const { logger } = this.#options;
      this.#tokenFile =
        tokenFile === undefined ? undefined : new SecretFile(tokenFile, "http.token_file", logger);
    }
  }

  /** @throws HttpListenError when the address can't be had. */
  async start(): Promise<void> {
    if (this.#app !== undefined) {
      return;
    }
    const app = await this.#made();
    try {
      await listenAt(app, this.#options.address);
    } catch (error) {
      await app.close();
      throw error;
    }
    this.#app = app;
  }

  /** Idempotent; leaves no connection open. */
  async stop(): Promise<void> {
    await this.#app?.close();
    this.#app = undefined;
  }

  /** Of a listener on a port. */
  address(): AddressInfo | undefined {
    const address = this.#app?.server.address();
    return typeof address === "object" && address !== null ? address : undefined;
  }

  /** Where it is reached; `undefined` before the start and after the end. */
  place(): HttpPlace | undefined {
    const address = this.#app?.server.address() ?? undefined;
    if (typeof address === "string") {
      return { socket: address };
    }
    return address && { host: address.address, port: address.port };
  }

  readiness(): Readiness {
    return readinessOf(this.#options);
  }

  async #made(): Promise<FastifyInstance> {
    const { identity, logger, maxConnections = DEFAULT_CONNECTIONS, patienceMs, timeline } = this.#options;
    // Loaded here: what listens before does not wait for it.
    const { default: fastify } = await import("fastify");
    const app = fastify({
      bodyLimit: MAX_BODY_BYTES,
      ...timeouts(patienceMs),
      forceCloseConnections: true,
      // The schema refuses keys it does not know, these too, and names them.
      onProtoPoisoning: "ignore",
      onConstructorPoisoning: "ignore",
      frameworkErrors: refuse,
      schemaController: { compilersFactory: NO_COMPILERS },
    });
    limitConnections(app.server, maxConnections);
    takeJson(app);
    const bodies = new BodyLimit();
    app.addHook("onRequest", (request, reply, next) => {
      bodies.add(request.raw);
      void reply.headers({ "cache-control": "no-store", "x-headwaiter-instance": identity.instance });
      guard(request, this.#tokenFile);
      next();
    });
    app.addHook("onSend", (_request, reply, payload, next) => {
      if (!reply.hasHeader("x-headwaiter-index")) {
        void reply.header("x-headwaiter-index", timeline.index);
      }
      next(null, payload);
    });
    app.setErrorHandler((error: Error, request, reply) => {
      if (!(error instanceof ApiError) && !isRefusedBelow(error)) {
        logger.error({ err: error }, "an unexpected error while answering over HTTP");
      }
      refuse(error, request, reply);
    });
    const { metrics, pageFolder = BUILT_PAGE } = this.#options;
    if (metrics !== undefined) {
      countAnswers(app, metrics);
    }
    const routes = this.#routes();
    for (const declared of routes) {
      addRoute(app, declared);
    }
    addPage(app, pageFolder);
    app.setNotFoundHandler(({ method, url }) => {
      const allowed = [...methodsOf(routes, url), ...methodsOfPage(url)];
      throw allowed.length === 0
        ? new ApiError("unknown-route", `no such path: ${printable(url)}`)
        : new ApiError("method", `${method} is not one of ${allowed.join(", ")}`, {
            headers: { allow: allowed.join(", ") },
          });
    });
    return app;
  }

  #routes(): readonly Route[] {
    const api = this.#options;
    const waiters = new Waiters(api.timeline, api.clock, api.beginReading);
    const described: readonly Route[] = [
      ...agentRoutes(api),
      ...poolRoutes(api, waiters),
      ...eventRoutes(api),
      heartbeatRoute(api),
      failedRoute(api, () => this.#tokenFile !== undefined),
      reloadRoute(api),
      historyRoute(api),
      ...(api.metrics === undefined ? [] : metricsRoutes(api.metrics)),
    ];
    const description: Route = route({
      method: "GET",
      path: "/v1/openapi.json",
      summary: "This description.",
      query: {},
      answers: { 200: "OpenAPI 3.1." },
      refusals: [],
      // Loaded when somebody asks: most agents are never asked.
      handle: async (): Promise<object> => {
        const { replySchemas } = await import("./schemas/reply-schemas.ts");
        return openApi([...described, description], api.identity.version, replySchemas());
      },
    });
    return [...described, description];
  }
}
