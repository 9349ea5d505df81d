/** Asks an agent over HTTP. On `node:http`, which speaks unix sockets and takes 14 MB less than `fetch`. */
import { type IncomingMessage, request } from "node:http";
import { spanText } from "../../core/time/spans.ts";
import type { AgentAddress } from "./agent-address.ts";
import { isJsonObject, type JsonObject } from "./reading.ts";
import { jsonOf, refusalOf } from "./refusal.ts";
import { connectionFailure, notAnAgent, unreachable } from "./unreachable.ts";

/** 10,000 servers take 3 MB. */
const LARGEST_ANSWER = 64 * 1024 * 1024;

type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

interface AskOptions {
  /** `GET` by default. */
  readonly method?: "GET" | "POST";
  /** Sent as JSON. */
  readonly body?: JsonObject;
  readonly query?: Query;
  readonly accept?: string;
  /** Instead of the client's own. */
  readonly timeoutMs?: number;
  /** Statuses besides 200 that are answers, too. */
  readonly takes?: readonly number[];
}

/** What the agent said. */
export interface AgentAnswer {
  readonly status: number;
  readonly text: string;
  /** Of the last event that it holds for; absent when the agent does not say. */
  readonly index: number | undefined;
  /** When it was given by the agent's own clock, in ms since 1970; whole seconds, rounded down. */
  readonly at: number;
}

export interface AgentDocument extends AgentAnswer {
  readonly body: JsonObject;
}

interface ClientOptions {
  readonly address: AgentAddress;
  readonly token?: string | undefined;
  /** Within which each answer has to be complete. */
  readonly timeoutMs: number;
}

export class AgentClient {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Where the agent is, for people. */
  get shown(): string {
    return this.#options.address.shown;
  }

  /** The secret that must not be shown. */
  get token(): string | undefined {
    return this.#options.token;
  }

  /** @throws CommandFailure when there is no answer, or it is an error. */
  async get(path: string, options: AskOptions = {}): Promise<AgentAnswer> {
    const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs;
    const deadline = AbortSignal.timeout(timeoutMs);
    const response = await this.#open(path, options, deadline, timeoutMs);
    return { ...factsOf(response), text: await this.#bodyOf(response, deadline, timeoutMs) };
  }

  /** As `get`, for an answer that is a JSON object. */
  async getDocument(path: string, options: AskOptions = {}): Promise<AgentDocument> {
    const answer = await this.get(path, { accept: "application/json", ...options });
    const body = jsonOf(answer.text);
    if (!isJsonObject(body)) {
      throw notAnAgent(this.shown, `expected a JSON object from ${path}`);
    }
    return { ...answer, body };
  }

  /**
   * Pieces of text as they come, for as long as the agent sends any; the first is empty, and says that it answers. Only
   * that one has a deadline. Ends without an error when the agent ends it in order.
   * @throws CommandFailure
   */
  async *stream(path: string, options: AskOptions = {}): AsyncGenerator<string> {
    const { timeoutMs } = this.#options;
    const opening = new AbortController();
    const timer = setTimeout(() => {
      opening.abort();
    }, timeoutMs);
    const response = await this.#open(path, options, opening.signal, timeoutMs).finally(() => {
      clearTimeout(timer);
    });
    yield "";
    try {
      yield* response.setEncoding("utf8") as AsyncIterable<string>;
    } catch (error) {
      throw connectionFailure(this.shown, error);
    }
  }

  /** Resolves with the head of an answer that is no error. */
  async #open(
    path: string,
    { accept = "*/*", body, method = "GET", query = {}, takes = [] }: AskOptions,
    signal: AbortSignal,
    timeoutMs: number,
  ): Promise<IncomingMessage> {
    const { address, token } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const sent = body === undefined ? undefined : JSON.stringify(body);
    request(
      {
        ...address.target,
        method,
        path: `${path}${queryText(query)}`,
        // A connection each: none is left that could hold the process, or close as it is used again.
        agent: false,
        signal,
        headers: {
          accept,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(sent === undefined ? {} : { "content-type": "application/json" }),
        },
      },
      resolve,
    )
      .on("error", reject)
      .end(sent);
    const response = await promise.catch((error: unknown) => {
      throw this.#failure(error, signal, timeoutMs);
    });
    const { statusCode = 0 } = response;
    if (statusCode === 200 || takes.includes(statusCode)) {
      return response;
    }
    throw refusalOf(this.shown, statusCode, await this.#bodyOf(response, signal, timeoutMs));
  }

  async #bodyOf(response: IncomingMessage, signal: AbortSignal, timeoutMs: number): Promise<string> {
    let text = "";
    try {
      for await (const piece of response.setEncoding("utf8") as AsyncIterable<string>) {
        text += piece;
        if (text.length > LARGEST_ANSWER) {
          response.destroy();
          throw notAnAgent(this.shown, `an answer of more than ${LARGEST_ANSWER} bytes`);
        }
      }
    } catch (error) {
      throw this.#failure(error, signal, timeoutMs);
    }
    return text;
  }

  #failure(error: unknown, signal: AbortSignal, timeoutMs: number): Error {
    return signal.aborted
      ? unreachable(this.shown, `no answer within ${spanText(timeoutMs)}`, error)
      : connectionFailure(this.shown, error);
  }
}

function factsOf({ headers, statusCode = 0 }: IncomingMessage): Omit<AgentAnswer, "text"> {
  const index = Number(headers["x-headwaiter-index"]);
  const date = Date.parse(headers.date ?? "");
  return {
    status: statusCode,
    index: Number.isSafeInteger(index) ? index : undefined,
    at: Number.isNaN(date) ? Date.now() : date,
  };
}

function queryText(query: Query): string {
  const entries = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [value].flat().map((each): [string, string] => [key, String(each)]),
  );
  return entries.length === 0 ? "" : `?${String(new URLSearchParams(entries))}`;
}
