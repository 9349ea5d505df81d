import { timingSafeEqual } from "node:crypto";
import type { AddressInfo } from "node:net";
import fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import type { PushedHeartbeat } from "../../core/heartbeat.ts";
import type { Ready } from "../../core/pool-view.ts";
import type { Clock, Logger } from "../../core/ports.ts";
import { printable } from "../../core/printable.ts";
import type { EndpointError } from "../../core/rpc-addr.ts";
import type { SourceWarning } from "../../core/source-warning.ts";
import { SecretFile } from "../../files/secret-file.ts";
import { refusal, refusedAddresses } from "./answers.ts";
import { BodyLimit, limitConnections, timeouts } from "./client-limits.ts";
import { heartbeatBody, heartbeatOf } from "./heartbeat-body.ts";
import { type HttpAddress, type HttpPlace, listenAt } from "./http-listener.ts";
import { shownWarning } from "./shown-warning.ts";

/** 10,000 servers of 100 bytes each. */
const MAX_BODY_BYTES = 1_048_576;

/**
 * Heartbeats that wait for the names in them to be looked up: with 10,000 names each takes some 3 MB, together 100 MB.
 * Those of addresses wait for nothing.
 */
const MAX_WAITING_HEARTBEATS = 32;

const DEFAULT_CONNECTIONS = 256;

/** Answers 200 when DNS is served and every pool has a head. */
export const READINESS_PATH = "/v1/agent/ready";

interface HeartbeatTaker {
  /** Resolves with the addresses that could not be used. */
  take(heartbeat: PushedHeartbeat): Promise<readonly EndpointError[]>;
}

/** What HTTP may ask of a pool. */
export interface PoolApi extends Ready {
  /** What is not as it should be with the pool's sources. */
  warnings(): readonly SourceWarning[];
  /** Absent when the pool takes no pushed heartbeats. */
  readonly pushed?: HeartbeatTaker | undefined;
}

export interface HttpOptions {
  readonly address: HttpAddress;
  /** Connections of clients; 256 by default. */
  readonly maxConnections?: number;
  /** Within which a request has to be complete; 10 s by default. */
  readonly patienceMs?: number;
  /** Holds the token that writes need; read at each write, so that it can be replaced. Absent: none needed. */
  readonly tokenFile?: string | undefined;
  /** Hears of a token file that can't be used. */
  readonly logger?: Logger;
  readonly clock: Clock;
  /** `serving` when every thread answers; anything else is reported as it is. */
  readonly dnsState: () => string;
  /** Of pushed servers that name no datacenter. */
  readonly datacenter: string;
  /** Looked at for each request: pools come and go. */
  readonly pools: ReadonlyMap<string, PoolApi>;
}

/** Ready: DNS is served and every pool has a head. */
interface Readiness {
  readonly ready: boolean;
  /** The pools without a head. */
  readonly waiting: readonly string[];
  readonly dns: string;
  /**
   * What is not as it should be with the pools' sources, for as long as it lasts. Nothing of it makes the agent less
   * ready.
   */
  readonly warnings: readonly ({ readonly pool: string } & ReturnType<typeof shownWarning>)[];
}

/** The agent's HTTP endpoint: liveness, readiness, pushed heartbeats. */
export class HttpServer {
  readonly #options: HttpOptions;
  readonly #tokenFile: SecretFile | undefined;
  #app: FastifyInstance | undefined;
  #waitingHeartbeats = 0;

  constructor(options: HttpOptions) {
    this.#options = options;
    const { logger, tokenFile } = options;
    this.#tokenFile =
      tokenFile === undefined ? undefined : new SecretFile(tokenFile, "http.token_file", logger);
  }

  /** @throws HttpListenError when the address can't be had. */
  async start(): Promise<void> {
    if (this.#app !== undefined) {
      return;
    }
    const app = fastify({
      bodyLimit: MAX_BODY_BYTES,
      ...timeouts(this.#options.patienceMs),
      forceCloseConnections: true,
      // The schema refuses keys it does not know, these too, and names them.
      onProtoPoisoning: "ignore",
      onConstructorPoisoning: "ignore",
      frameworkErrors: refusal,
    });
    limitConnections(app.server, this.#options.maxConnections ?? DEFAULT_CONNECTIONS);
    const bodies = new BodyLimit();
    app.addHook("onRequest", async (request, reply) => {
      const refusal = this.#refusal(request);
      if (refusal !== undefined) {
        await reply.code(403).send({ error: refusal });
      }
      bodies.add(request.raw);
    });
    app.setNotFoundHandler(async ({ url }, reply) => {
      await reply.code(404).send({ error: `no such path: ${printable(url)}` });
    });
    app.setErrorHandler(refusal);
    this.#addRoutes(app);
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
    const { clock, dnsState, pools } = this.#options;
    const waiting = [...pools].filter(([, pool]) => !pool.isReady()).map(([name]) => name);
    const dns = dnsState();
    const warnings = [...pools].flatMap(([name, pool]) =>
      pool.warnings().map((warning) => ({ pool: name, ...shownWarning(warning, clock) })),
    );
    return { ready: waiting.length === 0 && dns === "serving", waiting, dns, warnings };
  }

  #addRoutes(app: FastifyInstance): void {
    const { datacenter, pools } = this.#options;
    app.get("/v1/agent/health", () => ({ status: "alive" }));
    app.get(READINESS_PATH, async (_request, reply) => {
      const readiness = this.readiness();
      await reply.code(readiness.ready ? 200 : 503).send(readiness);
    });
    app.put<{ Params: { pool: string } }>("/v1/pools/:pool/heartbeat", async (request, reply) => {
      const { pool: name } = request.params;
      const pushed = pools.get(name)?.pushed;
      if (pushed === undefined) {
        const error = pools.has(name)
          ? `pool ${name} takes no pushed heartbeats: expected heartbeat: push in its configuration`
          : `no pool "${printable(name)}": expected one of ${[...pools.keys()].join(", ")}`;
        return await reply.code(404).send({ error });
      }
      const body = heartbeatBody.safeParse(request.body);
      if (!body.success) {
        const [issue] = body.error.issues;
        const place = ["body", issue?.path.join(".")].filter(Boolean).join(": ");
        return await reply.code(400).send({ error: printable(`${place}: ${issue?.message ?? ""}`) });
      }
      if (this.#waitingHeartbeats >= MAX_WAITING_HEARTBEATS) {
        const error = `${MAX_WAITING_HEARTBEATS} heartbeats wait for names to be looked up: push it again later`;
        return await reply.code(503).send({ error });
      }
      this.#waitingHeartbeats += 1;
      const rejected = await pushed.take(heartbeatOf(body.data, datacenter)).finally(() => {
        this.#waitingHeartbeats -= 1;
      });
      return refusedAddresses(rejected);
    });
  }

  /** Browsers must not reach the agent through a page of another site or a rebound name; writes may need a token. */
  #refusal({ headers, method }: FastifyRequest): string | undefined {
    const host = (headers.host ?? "").replace(/:\d+$/, "");
    if (!/^(localhost|\[[0-9a-f:.]+\]|[0-9.]+)$/i.test(host)) {
      return `host "${printable(host)}": expected an IP address or localhost`;
    }
    if (headers.origin !== undefined && headers.origin !== `http://${headers.host ?? ""}`) {
      return "requests from pages of other sites are refused";
    }
    if (method === "GET" || method === "HEAD" || this.#tokenFile === undefined) {
      return undefined;
    }
    // Without any, which fits no request: a file that is not there yet must not open the door.
    const expected = Buffer.from(this.#tokenFile.token() ?? "");
    const given = Buffer.from((headers.authorization ?? "").replace(/^Bearer /, ""));
    const same = expected.length > 0 && given.length === expected.length && timingSafeEqual(given, expected);
    return same ? undefined : "expected the token of http.token_file in the header Authorization: Bearer …";
  }
}
