import type { ServerEndpoint } from "../../core/server-endpoint.ts";
import type { ConnectionError } from "./connection-error.ts";

/** How long an operation may take, and who may end it early. */
export interface CallOptions {
  /** Milliseconds until the operation rejects with a `ConnectionError` of kind `timeout`. */
  readonly timeoutMs: number;
  /** Aborting rejects the operation at once with the signal's reason, as it is. */
  readonly signal?: AbortSignal | undefined;
}

/** Who ended a connection, and why. */
export type Closure =
  | { readonly by: "caller" }
  /** The server closed it, or it broke; `error` says which. */
  | { readonly by: "failure"; readonly error: ConnectionError };

export type ConnectionState =
  | { readonly phase: "open" }
  | { readonly phase: "closed"; readonly closure: Closure };

/**
 * An open connection to one server, held to learn at once when the server dies. It is never opened again once closed.
 */
export interface HeldConnection {
  readonly endpoint: ServerEndpoint;
  readonly state: ConnectionState;
  /** How many so far: where more arrive, the server lives, though an answer may have to wait behind a large one. */
  readonly receivedBytes: number;
  /** Settles once, in the same turn in which the end is noticed; never rejects. */
  readonly closed: Promise<Closure>;
  /**
   * Resolves when the server proved to be alive, as far as the protocol can prove it. Rejects with a `ConnectionError`,
   * or with the reason of the signal. A ping that timed out leaves the connection open, and its late answer is dropped.
   */
  ping(options: CallOptions): Promise<void>;
  /** Lets go of the socket now. Calls in flight reject. Idempotent. */
  close(): void;
}

/** Opens connections of one kind. */
export interface Connector {
  /**
   * Rejects with a `ConnectionError`, or with the reason of the signal; then nothing is left open. Rejecting with an
   * application error proves the server to be alive, as an answered ping does.
   */
  open(endpoint: ServerEndpoint, options: CallOptions): Promise<HeldConnection>;
}
