import { joinHostPort } from "../../core/rpc-addr.ts";
import type { Transport } from "./counters.ts";

export type DnsServerErrorCode =
  | "address-in-use"
  | "address-forbidden"
  | "address-unavailable"
  | "listen-failed"
  | "thread-failed";

/** The DNS server can't start. `code` is stable; `message` is one line for the operator. */
export class DnsServerError extends Error {
  override readonly name = "DnsServerError";
  readonly code: DnsServerErrorCode;

  constructor(code: DnsServerErrorCode, message: string, options?: ErrorOptions) {
    super(`dns: ${message}`, options);
    this.code = code;
  }
}

/** Why an address can't be listened on: plain data, because it comes from another thread. */
export interface ListenFailure {
  readonly host: string;
  readonly port: number;
  readonly transport: Transport;
  /** The system's own code, such as `EADDRINUSE`. */
  readonly systemCode: string;
  readonly systemMessage: string;
}

export function listenFailure(
  host: string,
  port: number,
  transport: Transport,
  error: unknown,
): ListenFailure {
  const { code, message } = error as NodeJS.ErrnoException;
  return { host, port, transport, systemCode: code ?? "unknown", systemMessage: message };
}

export function listenError(failure: ListenFailure): DnsServerError {
  const where = `${joinHostPort(failure.host, failure.port)} (${failure.transport})`;
  const options = { cause: failure };
  switch (failure.systemCode) {
    case "EADDRINUSE":
      return new DnsServerError("address-in-use", `${where}: address already in use`, options);
    case "EACCES":
      return new DnsServerError(
        "address-forbidden",
        `${where}: permission denied; a port below 1024 needs CAP_NET_BIND_SERVICE`,
        options,
      );
    case "EADDRNOTAVAIL":
      return new DnsServerError(
        "address-unavailable",
        `${where}: expected an address that this machine has`,
        options,
      );
    default:
      return new DnsServerError("listen-failed", `${where}: ${failure.systemMessage}`, options);
  }
}
