import { isIPv6 } from "node:net";

/**
 * What kind of failure it is. Only `transport`, `timeout`, `protocol` and `tls` say something about the server's
 * health; an `application` error is an answer, a `region` one an answer too, but the server is of no use to us, and a
 * `local` one proves nothing about the server.
 */
export type ErrorKind = "transport" | "timeout" | "local" | "application" | "region" | "protocol" | "tls";

const KIND_OF = {
  "connection-refused": "transport",
  "connection-reset": "transport",
  "connection-closed": "transport",
  unreachable: "transport",
  "transport-failed": "transport",
  "local-exhaustion": "local",
  "connect-timeout": "timeout",
  "call-timeout": "timeout",
  "permission-denied": "application",
  "no-leader": "application",
  "no-path-to-region": "region",
  "unknown-method": "application",
  "application-error": "application",
  "malformed-message": "protocol",
  "message-too-large": "protocol",
  "unexpected-answer": "protocol",
  "tls-no-client-certificate": "tls",
  "tls-client-certificate-rejected": "tls",
  "tls-wrong-authority": "tls",
  "tls-wrong-name": "tls",
  "tls-certificate-expired": "tls",
  "tls-not-spoken": "tls",
  "tls-failed": "tls",
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof KIND_OF;

/**
 * The one error of every connection to a server: sockets, TLS and msgpack are translated to it where they are used, and
 * kept as `cause`. `code` is stable; `message` is one line that names the server.
 */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly kind: ErrorKind;
  readonly code: ErrorCode;
  /** The key of the server. */
  readonly server: string;
  /** The server says, or its certificate does, that it does not serve our region. */
  readonly ofOtherRegion: boolean;

  constructor(
    code: ErrorCode,
    server: string,
    detail: string,
    { ofOtherRegion, ...options }: ErrorOptions & { readonly ofOtherRegion?: boolean } = {},
  ) {
    super(`server ${server}: ${detail}`, options);
    this.kind = KIND_OF[code];
    this.ofOtherRegion = ofOtherRegion ?? this.kind === "region";
    this.code = code;
    this.server = server;
  }
}

/** An application error is an answer: the server is alive. */
export function provesLife(error: unknown): boolean {
  return error instanceof ConnectionError && error.kind === "application";
}

/** The server lives, and says that it does not serve our region. */
export function isOfOtherRegion(error: unknown): boolean {
  return error instanceof ConnectionError && error.ofOtherRegion;
}

/** This machine could not even ask: nothing is proved about the server. */
export function isLocal(error: unknown): boolean {
  return error instanceof ConnectionError && error.kind === "local";
}

/** Translates what a TCP socket reports. */
export function transportFailure(server: string, cause: unknown): ConnectionError {
  const [code, detail] = explain(errnoOf(cause), cause);
  return new ConnectionError(code, server, detail, { cause });
}

function explain(errno: string | undefined, cause: unknown): [ErrorCode, string] {
  switch (errno ?? "") {
    case "EMFILE":
    case "ENFILE":
    case "ENOBUFS":
      return ["local-exhaustion", `this machine has no socket left (${errno})`];
    case "EADDRNOTAVAIL":
      // A machine without an IPv6 address says so, too, for ever: that server can't be reached from here.
      return isToIpv6(cause)
        ? ["unreachable", `unreachable (${errno})`]
        : ["local-exhaustion", `this machine has no port left (${errno})`];
    case "ECONNREFUSED":
      return ["connection-refused", "connection refused"];
    case "ECONNRESET":
    case "EPIPE":
      return ["connection-reset", "connection reset"];
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ETIMEDOUT":
      return ["unreachable", `unreachable (${errno})`];
    default:
      return ["transport-failed", `connection failed (${errno ?? String(cause)})`];
  }
}

function isToIpv6(cause: unknown): boolean {
  return cause instanceof Error && "address" in cause && isIPv6(String(cause.address));
}

/** The `code` that Node's system and TLS errors carry. */
export function errnoOf(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
}
