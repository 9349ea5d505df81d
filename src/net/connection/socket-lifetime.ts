import type { Duplex } from "node:stream";
import { ConnectionError } from "./connection-error.ts";
import type { Closure, ConnectionState } from "./held-connection.ts";

interface LifetimeOptions {
  /** The key of the server, for errors. */
  readonly server: string;
  /** Translates the stream's `error` events. */
  readonly failure: (cause: unknown) => ConnectionError;
  /** Called once, in the turn in which the end is noticed, before `closed` settles. */
  readonly onEnd: (closure: Closure) => void;
}

/**
 * The life of one open stream: open, then closed for one reason, for ever. The first reason wins. A server that ends
 * its side counts as closed: neither Nomad's RPC nor a reachability check has a use for a half-open connection.
 */
export class SocketLifetime {
  readonly closed: Promise<Closure>;
  readonly #stream: Duplex;
  readonly #onEnd: (closure: Closure) => void;
  readonly #settle: (closure: Closure) => void;
  #state: ConnectionState = { phase: "open" };

  constructor(stream: Duplex, { server, failure, onEnd }: LifetimeOptions) {
    this.#stream = stream;
    this.#onEnd = onEnd;
    const { promise, resolve } = Promise.withResolvers<Closure>();
    this.closed = promise;
    this.#settle = resolve;
    const onClose = (): void => {
      this.fail(new ConnectionError("connection-closed", server, "the server closed the connection"));
    };
    stream.on("error", (cause) => {
      this.fail(failure(cause));
    });
    stream.on("end", onClose);
    stream.on("close", onClose);
    if (stream.destroyed) {
      onClose();
    }
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The connection is of no use any more, for this reason. */
  fail(error: ConnectionError): void {
    this.#finish({ by: "failure", error });
  }

  /** The caller lets go. */
  end(): void {
    this.#finish({ by: "caller" });
  }

  #finish(closure: Closure): void {
    if (this.#state.phase === "closed") {
      return;
    }
    this.#state = { phase: "closed", closure };
    this.#stream.destroy();
    this.#onEnd(closure);
    this.#settle(closure);
  }
}

/** Why a call on a closed connection can't be made, or was cut short. */
export function closureError(server: string, closure: Closure): ConnectionError {
  switch (closure.by) {
    case "caller":
      return new ConnectionError("connection-closed", server, "this side closed the connection");
    case "failure":
      return closure.error;
  }
}
