/** What a request is refused for: one line for people, a code for programs. */
import type { FastifyReply } from "fastify";
import { printable } from "../../core/printable.ts";

/** Each code with its status. */
export const STATUS_OF = {
  "bad-query": 400,
  "bad-body": 400,
  "host-refused": 403,
  "origin-refused": 403,
  "token-refused": 403,
  "unknown-pool": 404,
  "unknown-server": 404,
  "unknown-route": 404,
  method: 405,
  "takes-no-heartbeat": 409,
  "reload-running": 409,
  "too-large": 413,
  "not-json": 415,
  "config-invalid": 422,
  "rate-limited": 429,
  internal: 500,
  "too-many-waiters": 503,
  stopping: 503,
} as const;

export type RefusalCode = keyof typeof STATUS_OF;

export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: RefusalCode;
  readonly details: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: RefusalCode,
    message: string,
    more: { readonly details?: object; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.code = code;
    this.details = { ...more.details };
    this.headers = more.headers ?? {};
  }
}

/** What was asked for may be asked again in so many milliseconds. */
export function rateLimited(message: string, waitMs: number): ApiError {
  return new ApiError("rate-limited", message, {
    headers: { "retry-after": String(Math.ceil(waitMs / 1_000)) },
  });
}

/** The body of a refusal. */
function errorBody(code: RefusalCode, message: string, details: object = {}) {
  return { error: printable(message), code, details };
}

/** Sends any error as a refusal; a mistake of ours is `internal`, and tells nothing of itself. */
export function refuse(error: Error, _request: unknown, reply: FastifyReply): void {
  if (error instanceof ApiError) {
    const { code, details, headers, message } = error;
    void reply
      .code(STATUS_OF[code])
      .headers(headers)
      .send(errorBody(code, message, details));
    return;
  }
  const status = isRefusedBelow(error) ? error.statusCode : 500;
  const code = status >= 500 ? "internal" : (CODE_OF[status] ?? "bad-body");
  const message = code === "internal" ? "an unexpected error; the agent's log has it" : error.message;
  void reply.code(status).send(errorBody(code, message));
}

/** Whether the library below refuses the request: no mistake of ours. */
export function isRefusedBelow(error: Error): error is Error & { readonly statusCode: number } {
  return "statusCode" in error && typeof error.statusCode === "number" && error.statusCode < 500;
}

/** Of what the library below refuses. */
const CODE_OF: Readonly<Record<number, RefusalCode>> = {
  400: "bad-body",
  404: "unknown-route",
  405: "method",
  413: "too-large",
  414: "bad-query",
  415: "not-json",
};
