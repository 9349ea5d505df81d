import { refusalText } from "./far-reason.ts";
import { hide, quoteWithout } from "./quotation.ts";

export type ConsulErrorCode =
  /** The address of Consul is malformed. */
  | "address"
  /** Nobody listens, no such host, no route, no such socket. */
  | "unreachable"
  /** The connection broke before an answer began. */
  | "reset"
  /** The connection ended within the body. */
  | "cut-body"
  | "timeout"
  /** The body, or the headers, are longer than is read. */
  | "too-large"
  /** The certificate or the handshake is not acceptable to one side. */
  | "tls"
  /** A CA, certificate or key file can't be used. */
  | "tls-file"
  /** The token file can't be read, or is empty, and no token was read from it before. */
  | "token-file"
  /** A redirect, which is not followed: the token would go with it. */
  | "http-3xx"
  | "http-403"
  | "http-429"
  | "http-4xx"
  | "http-5xx"
  | "not-json"
  /** JSON, but not what Consul answers. */
  | "schema"
  | "aborted"
  | "unexpected";

/** Why a request to Consul failed. `code` is stable; `message` is one line and never holds the token. */
export class ConsulError extends Error {
  override readonly name = "ConsulError";
  readonly code: ConsulErrorCode;
  /** See `CatalogFailure`. */
  readonly brokenOff: boolean;

  constructor(
    code: ConsulErrorCode,
    message: string,
    options: ErrorOptions & { readonly brokenOff?: boolean } = {},
  ) {
    super(message, options);
    this.code = code;
    this.brokenOff = options.brokenOff ?? ["reset", "cut-body"].includes(code);
  }
}

/**
 * What stands before Consul says with these that it gave up waiting: RFC 9110's, and Cloudflare's 520 to 524. A 500 is
 * Consul's own, as "No cluster leader" after 10 s.
 */
const GATEWAY_STATUSES: readonly number[] = [408, 502, 503, 504, 520, 521, 522, 523, 524];

const BY_SYSTEM_CODE: Readonly<Record<string, ConsulErrorCode>> = {
  ECONNREFUSED: "unreachable",
  ENOTFOUND: "unreachable",
  EAI_AGAIN: "unreachable",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  EADDRNOTAVAIL: "unreachable",
  ENOENT: "unreachable",
  EACCES: "unreachable",
  ENOTSOCK: "unreachable",
  ECONNRESET: "reset",
  EPIPE: "reset",
  // The connection ended within the headers.
  HPE_INVALID_EOF_STATE: "reset",
  ETIMEDOUT: "timeout",
  HPE_HEADER_OVERFLOW: "too-large",
  EPROTO: "tls",
  CERT_HAS_EXPIRED: "tls",
  CERT_NOT_YET_VALID: "tls",
  DEPTH_ZERO_SELF_SIGNED_CERT: "tls",
  SELF_SIGNED_CERT_IN_CHAIN: "tls",
  UNABLE_TO_GET_ISSUER_CERT: "tls",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "tls",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "tls",
};

/** What the npm package `papi`, below `consul`, adds to its errors. */
interface ForeignError extends Error {
  readonly code?: string;
  readonly isTimeout?: boolean;
  readonly isAbort?: boolean;
  readonly isResponse?: boolean;
  /** Holds the request and with it the token: must not leave this folder. */
  response?: {
    readonly statusCode?: number;
    readonly headers?: { readonly location?: string };
    readonly body?: Buffer;
  };
}

/**
 * Our error for one of the npm package's, without the token. Drops the response from the cause, because the request's
 * headers hang on it, and hides the token where an answer echoed it.
 */
export function translate(error: unknown, secret: string | undefined): ConsulError {
  if (!(error instanceof Error)) {
    return new ConsulError("unexpected", hide(String(error), secret));
  }
  const foreign: ForeignError = error;
  const { response } = foreign;
  delete foreign.response;
  foreign.message = hide(foreign.message, secret);
  if (error instanceof ConsulError) {
    return error;
  }
  const quote = quoteWithout(secret);
  if (foreign.isResponse === true) {
    const { statusCode: status = 0, body, headers } = response ?? {};
    const message = refusalText({ status, body, location: headers?.location }, quote);
    const brokenOff = GATEWAY_STATUSES.includes(status);
    return new ConsulError(codeOfStatus(status), message, { cause: foreign, brokenOff });
  }
  return new ConsulError(codeOf(foreign), quote(foreign.message), { cause: foreign });
}

function codeOf(error: ForeignError): ConsulErrorCode {
  if (error.isAbort === true) {
    return "aborted";
  }
  if (error.isTimeout === true) {
    return "timeout";
  }
  const code = error.code ?? "";
  return BY_SYSTEM_CODE[code] ?? (/^ERR_(SSL|TLS)_/.test(code) ? "tls" : "unexpected");
}

function codeOfStatus(status: number): ConsulErrorCode {
  switch (status) {
    case 403:
      return "http-403";
    case 429:
      return "http-429";
    default:
      return status >= 500 ? "http-5xx" : status >= 400 ? "http-4xx" : "http-3xx";
  }
}
