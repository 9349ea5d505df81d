/** An agent's HTTP API that answers by its contract and as the test says: index, blocking reads, events, errors. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { parseDurationMs } from "../../src/config/duration.ts";
import type { Scope } from "./scope.ts";
import {
  ANSWERED_AT,
  EVENTS,
  EXPLANATION,
  FINE,
  FIRST_INDEX,
  HISTORY,
  type Json,
  METRICS,
  NOMAD,
  READY,
  RELOADED,
  REPORTED,
  SELF,
} from "./scripted-agent-answers.ts";

export interface AskedRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
}

interface Stream {
  readonly query: URLSearchParams;
  readonly response: ServerResponse;
}

const SEVERITIES = ["info", "warn", "error"];

/** The query parameters of each route; others are refused. */
const ROUTES: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^\/v1\/agent\/(health|self|status)$|^\/v1\/pools$|^\/metrics$/, []],
  [/^\/v1\/agent\/ready$/, ["pool"]],
  [/^\/v1\/agent\/reload$/, ["dry_run"]],
  [/^\/v1\/history$/, ["pool"]],
  [/^\/v1\/events$/, ["after", "pool", "kind", "min_severity", "follow"]],
  [/^\/v1\/pools\/[^/]+$/, ["index", "wait", "limit"]],
  [/^\/v1\/pools\/[^/]+\/explain$/, ["if"]],
  [/^\/v1\/pools\/[^/]+\/servers\/[^/]+\/failed$/, []],
];

export class ScriptedAgentApi {
  readonly pools = new Map<string, Json>([["nomad", NOMAD]]);
  status: Json = FINE;
  ready: Json = READY;
  reloaded: Json = RELOADED;
  reported: Json = REPORTED;
  self: Json = SELF;
  explanation = EXPLANATION;
  metrics = METRICS;
  events: Json[] = [...EVENTS];
  index = FIRST_INDEX;
  /** All that was asked, in order. */
  readonly asked: AskedRequest[] = [];
  /** When it is set, this answers in place of the agent. */
  instead: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  /** A route that it does not have. */
  missingRoute: string | undefined;
  readonly #server: Server;
  readonly #blocked = new Set<() => void>();
  readonly #streams = new Set<Stream>();
  readonly #where: string | undefined;
  #port = 0;

  private constructor(socket: string | undefined) {
    this.#where = socket;
    this.#server = createServer((request, response) => {
      this.#answer(request, response);
    });
  }

  /** On loopback, or on a unix socket. Ends with the scope. */
  static async start(scope: Scope, socket?: string): Promise<ScriptedAgentApi> {
    const api = new ScriptedAgentApi(socket);
    await api.listen();
    scope.after(() => api.close());
    return api;
  }

  /** As `--address` takes it. */
  get url(): string {
    return this.#where === undefined ? `http://127.0.0.1:${this.#port}` : `unix://${this.#where}`;
  }

  /** At the same address as before. */
  async listen(): Promise<void> {
    this.#server.listen(
      this.#where === undefined ? { host: "127.0.0.1", port: this.#port } : { path: this.#where },
    );
    await once(this.#server, "listening");
    const address = this.#server.address();
    this.#port = typeof address === "object" ? (address?.port ?? 0) : 0;
  }

  /** All connections end, as when the process is killed. */
  async close(): Promise<void> {
    if (this.#server.listening) {
      const closed = once(this.#server, "close");
      this.#server.close();
      this.#server.closeAllConnections();
      await closed;
    }
  }

  /** Streams of events that are open. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Blocking reads that wait. */
  get waiting(): number {
    return this.#blocked.size;
  }

  /** Something happens: it gets the next index, and whoever waits hears of it. */
  publish(event: Json): void {
    this.index += 1;
    const whole = { index: this.index, at: "2025-11-24T12:04:08.500Z", severity: "info", ...event };
    this.events.push(whole);
    const pool = this.pools.get(String(event["pool"]));
    if (pool !== undefined) {
      this.pools.set(String(pool["name"]), { ...pool, index: this.index });
    }
    for (const { query, response } of this.#streams) {
      if (isWanted(whole, query)) {
        response.write(`${JSON.stringify(whole)}\n`);
      }
    }
    for (const wake of this.#blocked) {
      wake();
    }
  }

  /** Another head, and the event that tells of it. */
  changeHead(pool: string, address: string): void {
    this.pools.set(pool, {
      ...this.pools.get(pool),
      head: { address, since_at: "2025-11-24T12:04:08.500Z" },
    });
    this.publish({ kind: "head-changed", pool, severity: "warn", summary: `${address} is the head` });
  }

  /** What streams are sent while nothing happens. Resolves when it is on its way. */
  async keepAlive(): Promise<void> {
    const sent = [...this.#streams].map(
      ({ response }) =>
        new Promise<void>((resolve) => {
          response.write("{}\n", () => {
            resolve();
          });
        }),
    );
    await Promise.all(sent);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams: query } = new URL(request.url ?? "", "http://localhost");
    this.asked.push({ path: pathname, query, headers: request.headers });
    response.setHeader("Date", new Date(ANSWERED_AT).toUTCString());
    response.setHeader("X-Headwaiter-Instance", "b1c2d3e4f5a6");
    response.setHeader("Cache-Control", "no-store");
    if (this.instead !== undefined) {
      this.instead(request, response);
      return;
    }
    const [, parameters] = ROUTES.find(([route]) => route.test(pathname)) ?? [];
    const unknown = [...query.keys()].find((key) => !parameters?.includes(key));
    if (parameters === undefined || pathname === this.missingRoute) {
      this.refuse(response, 404, "unknown-route", `no such path: ${pathname}`);
    } else if (unknown !== undefined) {
      this.refuse(response, 400, "bad-query", `unknown query parameter "${unknown}"`);
    } else {
      this.#route(pathname, query, request, response);
    }
  }

  #route(path: string, query: URLSearchParams, request: IncomingMessage, response: ServerResponse): void {
    const [, , area = "", name = "", part] = path.split("/").map(decodeURIComponent);
    if (path === "/metrics") {
      this.#send(response, this.metrics, "text/plain; version=0.0.4");
    } else if (path === "/v1/events") {
      this.#sendEvents(query, response);
    } else if (query.has("pool") && !this.pools.has(query.get("pool") ?? "")) {
      this.#refusePool(query.get("pool") ?? "", response);
    } else if (path === "/v1/history") {
      this.#send(response, HISTORY);
    } else if (path === "/v1/agent/ready") {
      response.statusCode = this.ready["ready"] === true ? 200 : 503;
      this.#send(response, this.ready);
    } else if (area === "agent") {
      const answers = new Map<string, Json>([
        ["health", { status: "alive" }],
        ["self", this.self],
        ["status", this.status],
        ["reload", this.reloaded],
      ]);
      this.#send(response, answers.get(name) ?? {});
    } else if (name === "") {
      const pools = [...this.pools.values()].map((pool) => ({ ...pool, servers: undefined }));
      this.#send(response, { pools });
    } else if (!this.pools.has(name)) {
      this.#refusePool(name, response);
    } else if (part === "servers") {
      this.#send(response, this.reported);
    } else if (part === "explain") {
      const isText = request.headers.accept === "text/plain";
      this.#send(
        response,
        isText ? this.explanation : { pool: name, if: query.getAll("if"), verdict: "it is" },
      );
    } else {
      this.#sendPool(name, query, response);
    }
  }

  #refusePool(name: string, response: ServerResponse): void {
    const expected = [...this.pools.keys()].join(", ");
    this.refuse(response, 404, "unknown-pool", `no pool "${name}": expected one of ${expected}`);
  }

  /** An error as every route gives it. */
  refuse(response: ServerResponse, status: number, code: string, error: string): void {
    response.statusCode = status;
    this.#send(response, { error, code, details: {} });
  }

  #send(response: ServerResponse, body: Json | string, type = "application/json", index = this.index): void {
    response.setHeader("X-Headwaiter-Index", String(index));
    response.setHeader("Content-Type", typeof body === "string" ? type : "application/json");
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  }

  /** With `index` as soon as the pool's is higher, at once when the agent never had that one, or after `wait`. */
  #sendPool(name: string, query: URLSearchParams, response: ServerResponse): void {
    const after = Number(query.get("index") ?? -1);
    const present = () => Number(this.pools.get(name)?.["index"]);
    const send = () => {
      this.#send(response, this.pools.get(name) ?? {}, "", present());
    };
    if (present() > after || after > this.index) {
      send();
      return;
    }
    const finish = () => {
      clearTimeout(timer);
      this.#blocked.delete(wake);
      send();
    };
    const wake = () => {
      if (present() > after) {
        finish();
      }
    };
    const timer = setTimeout(finish, parseDurationMs(query.get("wait") ?? "5m"));
    this.#blocked.add(wake);
    response.on("close", () => {
      clearTimeout(timer);
      this.#blocked.delete(wake);
    });
  }

  #sendEvents(query: URLSearchParams, response: ServerResponse): void {
    const after = query.get("after") ?? "0";
    const cursor = after === "now" ? this.index : Number(after);
    const oldest = Number(this.events[0]?.["index"] ?? this.index + 1);
    const gap = { kind: "gap", after: cursor, oldest, lost: oldest - cursor - 1 };
    const isGap = cursor > 0 && cursor <= this.index && oldest > cursor + 1;
    const held = this.events.filter((event) => Number(event["index"]) > cursor && isWanted(event, query));
    response.setHeader("Content-Type", "application/x-ndjson");
    response.setHeader("X-Headwaiter-Index", String(this.index));
    response.flushHeaders();
    for (const item of [...(isGap ? [gap] : []), ...held]) {
      response.write(`${JSON.stringify(item)}\n`);
    }
    if (query.get("follow") === "false") {
      response.end();
      return;
    }
    const stream = { query, response };
    this.#streams.add(stream);
    response.on("close", () => {
      this.#streams.delete(stream);
    });
  }
}

function isWanted(event: Json, query: URLSearchParams): boolean {
  const { kind, pool, severity } = event;
  const least = SEVERITIES.indexOf(query.get("min_severity") ?? "info");
  return (
    (query.get("kind") ?? kind) === kind &&
    (query.get("pool") ?? pool) === pool &&
    SEVERITIES.indexOf(String(severity)) >= least
  );
}
