import { EventEmitter } from "node:events";
import type { Agent, IncomingHttpHeaders } from "node:http";
import { isDeepStrictEqual } from "node:util";
import type Consul from "consul";
import { datacentersIn, instancesIn } from "./answers.ts";
import type { CatalogAnswer, CatalogQuery, ConsulCatalog } from "./catalog.ts";
import { parseConsulAddress } from "./consul-address.ts";
import { ConsulError, translate } from "./consul-error.ts";
import { consulOver } from "./consul-package.ts";
import { openAgent, type TlsOptions } from "./http-agent.ts";
import type { ServiceDefinition } from "./own-service.ts";
import { type Quote, quoteWithout } from "./quotation.ts";
import { serviceOptions } from "./service-options.ts";
import type { CallLimits, CheckReport, ServiceRegistry } from "./service-registry.ts";
import { type TokenOptions, TokenSource } from "./token.ts";
import { type WayToConsul, wayToConsul } from "./way-to-consul.ts";

export interface ConsulClientOptions extends TokenOptions, TlsOptions {
  /** As in `CONSUL_HTTP_ADDR`: see `parseConsulAddress`. */
  readonly address: string;
}

/** What the package takes besides the options its type declarations name. */
interface SentOptions {
  readonly ctx: EventEmitter & { includeResponse: true };
  readonly timeout: number;
  readonly token?: string;
}

type RegisterOptions = Parameters<Consul["agent"]["service"]["register"]>[0] & object;
type DeregisterOptions = { id: string };

interface Reply {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer | undefined;
  readonly withToken: boolean;
  readonly quote: Quote;
}

interface Exchange<Answer> {
  send(consul: Consul, options: SentOptions): Promise<unknown>;
  read(reply: Reply): Answer;
}

interface Connection {
  readonly agent: Agent;
  readonly consul: () => Promise<Consul>;
}

/**
 * Consul's HTTP API as far as it is needed, over the npm package `consul`: one client serves any number of pools. Every
 * request settles by its deadline, rejects with `ConsulError` only, and carries the token as it is at that moment.
 */
export class ConsulClient implements ConsulCatalog, ServiceRegistry, AsyncDisposable {
  #options: ConsulClientOptions;
  #token: TokenSource;
  #connection: Connection | undefined;

  /** Opens nothing: files are read and connections made at the first request. */
  constructor(options: ConsulClientOptions) {
    this.#options = options;
    this.#token = new TokenSource(options);
  }

  instances(query: CatalogQuery): Promise<CatalogAnswer> {
    const { passing } = query.selection;
    return this.#request(query, {
      send: (consul, sent) => {
        const options = { ...sent, ...selectionOptions(query) };
        return passing ? consul.health.service(options) : consul.catalog.service.nodes(options);
      },
      read: ({ headers, body, withToken, quote }) => ({
        ...instancesIn(body, passing ? "health.service" : "catalog.service.nodes", quote),
        index: indexOf(headers),
        filteredByAcl: headers["x-consul-results-filtered-by-acls"] === "true",
        withToken,
      }),
    });
  }

  datacenters(limits: CallLimits): Promise<readonly string[]> {
    return this.#request(limits, {
      send: (consul, sent) => consul.catalog.datacenters(sent),
      read: ({ body, quote }) => datacentersIn(body, quote),
    });
  }

  way(signal: AbortSignal): Promise<WayToConsul> {
    return wayToConsul(parseConsulAddress(this.#options.address), signal);
  }

  /** Tells the asked agent of a service, or of what changed about it. */
  registerService(definition: ServiceDefinition, limits: CallLimits): Promise<void> {
    return this.#request(limits, {
      send: (consul, sent) =>
        consul.agent.service.register({ ...sent, ...serviceOptions(definition) } as RegisterOptions),
      read: () => undefined,
    });
  }

  /** Tells the asked agent how a check of kind `ttl` stands. */
  reportCheck(id: string, { passing, note }: CheckReport, limits: CallLimits): Promise<void> {
    return this.#request(limits, {
      send: ({ agent: { check } }, sent) => {
        const options = { ...sent, id, note };
        return passing ? check.pass(options) : check.fail(options);
      },
      read: () => undefined,
    });
  }

  deregisterService(id: string, limits: CallLimits): Promise<void> {
    return this.#request(limits, {
      send: (consul, sent) => consul.agent.service.deregister({ ...sent, id } as DeregisterOptions),
      read: () => undefined,
    });
  }

  /**
   * Reads TLS files anew, and makes what other options ask for.
   * @returns the function that goes on with them, without fail: running requests go on over the connections that they
   * have, idle ones are ended.
   * @throws ConsulError `tls-file`; nothing has changed then.
   */
  prepare(changed: Omit<ConsulClientOptions, "logger">): () => void {
    const options = { ...changed, logger: this.#options.logger };
    const isSame = isDeepStrictEqual(reachedBy(this.#options), reachedBy(options));
    if (isSame && !hasFiles(options)) {
      return () => undefined;
    }
    const next = this.#open(options);
    return () => {
      const last = this.#connection;
      const hasSameToken = isDeepStrictEqual(tokenPlaceOf(this.#options), tokenPlaceOf(options));
      this.#options = options;
      this.#connection = next;
      if (!hasSameToken) {
        this.#token = new TokenSource(options);
      }
      if (last !== undefined) {
        endIdle(last.agent);
      }
    };
  }

  /** Ends every connection, idle or not. The client can be used again. */
  close(): Promise<void> {
    this.#connection?.agent.destroy();
    this.#connection = undefined;
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #request<Answer>(limits: CallLimits, exchange: Exchange<Answer>): Promise<Answer> {
    let token: string | undefined;
    const ctx = Object.assign(new EventEmitter(), { includeResponse: true as const });
    const cancel = () => {
      ctx.emit("cancel");
    };
    try {
      token = this.#token.current();
      const consul = await this.#connect().consul();
      if (limits.signal.aborted) {
        throw new ConsulError("aborted", "request aborted");
      }
      limits.signal.addEventListener("abort", cancel, { once: true });
      const options = { ctx, timeout: limits.deadlineMs, ...(token === undefined ? {} : { token }) };
      const [response, body] = (await exchange.send(consul, options)) as [
        { headers: IncomingHttpHeaders },
        Buffer | undefined,
      ];
      const quote = quoteWithout(token);
      return exchange.read({ headers: response.headers, body, withToken: token !== undefined, quote });
    } catch (error) {
      throw translate(error, token);
    } finally {
      limits.signal.removeEventListener("abort", cancel);
    }
  }

  #connect(): Connection {
    this.#connection ??= this.#open(this.#options);
    return this.#connection;
  }

  #open(options: ConsulClientOptions): Connection {
    const address = parseConsulAddress(options.address);
    const agent = openAgent(address, options);
    const baseUrl = address.kind === "unix" ? "http://localhost/v1" : address.baseUrl;
    let consul: Promise<Consul> | undefined;
    return { agent, consul: () => (consul ??= consulOver(agent, baseUrl)) };
  }
}

/** Ends the connections that are not in use, and each other one after its request. */
function endIdle(agent: Agent): void {
  // Node knows `keepAlive`; its type declarations do not.
  Object.assign(agent, { keepAlive: false });
  for (const socket of Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])) {
    socket.destroy();
  }
}

function reachedBy(options: ConsulClientOptions): object {
  return { ...options, logger: undefined };
}

/** Whether the content of a file may be another one, but for the token's: that is read for each request. */
function hasFiles({ caFile, certFile, keyFile }: TlsOptions): boolean {
  return [caFile, certFile, keyFile].some((file) => file !== undefined);
}

/** What a token comes from: a file goes on with its last good one. */
function tokenPlaceOf({ token, tokenFile }: TokenOptions) {
  return { token, tokenFile };
}

function selectionOptions(query: CatalogQuery) {
  const { service, tag, filter, near, stale } = query.selection;
  return {
    service,
    near,
    stale,
    ...(tag === undefined ? {} : { tag }),
    ...(filter === undefined ? {} : { filter }),
    ...(query.datacenter === undefined ? {} : { dc: query.datacenter }),
    ...(query.selection.passing ? { passing: true } : {}),
    ...(query.index === 0 ? {} : { index: String(query.index), wait: `${Math.ceil(query.waitMs)}ms` }),
  };
}

function indexOf(headers: IncomingHttpHeaders): number | undefined {
  const text = headers["x-consul-index"];
  const index = typeof text === "string" && /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(index) ? index : undefined;
}
