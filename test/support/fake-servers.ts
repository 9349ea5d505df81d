import type { ServerEndpoint } from "../../src/core/server-endpoint.ts";
import { delay } from "../../src/core/time/delay.ts";
import { ConnectionError } from "../../src/net/connection/connection-error.ts";
import type {
  CallOptions,
  Closure,
  ConnectionState,
  Connector,
  HeldConnection,
} from "../../src/net/connection/held-connection.ts";
import type { FakeClock } from "./fake-ports.ts";

/** `hanging`: connects, as a stopped process does through the kernel's backlog, and answers nothing. */
export type Behaviour =
  | "up"
  | "refusing"
  | "hanging"
  /** Takes no connection and refuses none, as behind a firewall, or with a TLS handshake that never ends. */
  | "blackholed"
  | "closing-at-once"
  | "refusing-every-other-time"
  /** Not the server's doing: this machine has no socket for a new connection. */
  | "out-of-local-sockets"
  /** Answers one ping first, as any open TCP connection seems to. */
  | "closing-after-an-answer"
  | "answering-garbage"
  | "answering-an-application-error"
  /** Connecting includes a question, which costs the connection. */
  | "opening-with-an-application-error";

/** Servers that behave as told, under a fake clock. Every address not told of is up. */
export class FakeServers implements Connector {
  readonly #clock: FakeClock;
  readonly #behaviours = new Map<string, Behaviour>();
  readonly #latencies = new Map<string, number>();
  readonly #lifetimes = new Map<string, number>();
  readonly #open = new Set<FakeConnection>();
  /** Keys in the order in which they were dialled, and pinged. */
  readonly dialled: string[] = [];
  readonly dialledAt: number[] = [];
  readonly pinged: string[] = [];

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  /** Keys of the servers to which connections are open now. */
  get connected(): string[] {
    return [...this.#open].map(({ endpoint }) => endpoint.key).toSorted();
  }

  behaviourOf(key: string): Behaviour {
    return this.#behaviours.get(key) ?? "up";
  }

  /** From now on the server behaves so; open connections stay. */
  set(key: string, behaviour: Behaviour): void {
    this.#behaviours.set(key, behaviour);
  }

  /** From now on each answer of the server takes so long. */
  setLatency(key: string, ms: number): void {
    this.#latencies.set(key, ms);
  }

  /** From now on the server closes each connection after so long, as one does that waits in vain for a handshake. */
  setLifetime(key: string, ms: number): void {
    this.#lifetimes.set(key, ms);
  }

  /** The process dies: its connections close, new ones are refused. */
  kill(key: string): void {
    this.set(key, "refusing");
    this.dropConnections(key);
  }

  dropConnections(key: string): void {
    for (const connection of this.#open) {
      if (connection.endpoint.key === key) {
        connection.fail(new ConnectionError("connection-closed", key, "closed by the server"));
      }
    }
  }

  async open(endpoint: ServerEndpoint, options: CallOptions): Promise<HeldConnection> {
    const { key } = endpoint;
    this.dialled.push(key);
    this.dialledAt.push(this.#clock.now());
    await Promise.resolve();
    options.signal?.throwIfAborted();
    const behaviour = this.behaviourOf(key);
    if (behaviour === "refusing" || (behaviour === "refusing-every-other-time" && this.#isOddDial(key))) {
      throw new ConnectionError("connection-refused", key, "connection refused");
    }
    if (behaviour === "out-of-local-sockets") {
      throw new ConnectionError("local-exhaustion", key, "no socket left (EMFILE)");
    }
    if (this.behaviourOf(key) === "opening-with-an-application-error") {
      throw new ConnectionError("unknown-method", key, "can't find method");
    }
    if (behaviour === "blackholed") {
      await this.#silence(key, "connect-timeout", options);
    }
    const connection: FakeConnection = new FakeConnection(
      endpoint,
      (options) => this.#answer(connection, options),
      () => this.#open.delete(connection),
    );
    this.#open.add(connection);
    if (this.behaviourOf(key) === "closing-at-once") {
      queueMicrotask(() => {
        connection.fail(new ConnectionError("connection-closed", key, "closed by the server"));
      });
    }
    const lifetimeMs = this.behaviourOf(key) === "closing-after-an-answer" ? 5 : this.#lifetimes.get(key);
    if (lifetimeMs !== undefined) {
      const cancel = this.#clock.after(lifetimeMs, () => {
        connection.fail(new ConnectionError("connection-closed", key, "closed by the server"));
      });
      void connection.closed.then(cancel);
    }
    return connection;
  }

  #isOddDial(key: string): boolean {
    return this.dialled.filter((other) => other === key).length % 2 === 1;
  }

  /** Nothing, until the time is over. */
  #silence(
    key: string,
    code: "connect-timeout" | "call-timeout",
    { signal, timeoutMs }: CallOptions,
  ): Promise<never> {
    if (signal?.aborted === true) {
      return Promise.reject(signal.reason as Error);
    }
    return new Promise((_resolve, reject) => {
      const cancel = this.#clock.after(timeoutMs, () => {
        reject(new ConnectionError(code, key, `no answer within ${timeoutMs} ms`));
      });
      signal?.addEventListener("abort", () => {
        cancel();
        reject(signal.reason as Error);
      });
    });
  }

  #answer(connection: FakeConnection, options: CallOptions): Promise<void> {
    const { key } = connection.endpoint;
    const latencyMs = this.#latencies.get(key) ?? 0;
    if (latencyMs >= options.timeoutMs) {
      this.pinged.push(key);
      return this.#silence(key, "call-timeout", options);
    }
    return latencyMs === 0
      ? this.#answerNow(connection, options)
      : delay(this.#clock, latencyMs, options.signal ?? new AbortController().signal).then(() =>
          this.#answerNow(connection, options),
        );
  }

  #answerNow({ endpoint: { key }, state }: FakeConnection, options: CallOptions): Promise<void> {
    this.pinged.push(key);
    if (state.phase === "closed") {
      return Promise.reject(new ConnectionError("connection-closed", key, "closed by the server"));
    }
    switch (this.behaviourOf(key)) {
      case "answering-garbage":
        return Promise.reject(new ConnectionError("malformed-message", key, "not msgpack"));
      case "answering-an-application-error":
        return Promise.reject(new ConnectionError("permission-denied", key, "Permission denied"));
      case "hanging":
      case "blackholed":
        return this.#silence(key, "call-timeout", options);
      case "closing-at-once":
      case "closing-after-an-answer":
      case "opening-with-an-application-error":
      case "refusing":
      case "refusing-every-other-time":
      case "out-of-local-sockets":
      case "up":
        return Promise.resolve();
    }
  }
}

class FakeConnection implements HeldConnection {
  readonly endpoint: ServerEndpoint;
  readonly closed: Promise<Closure>;
  readonly receivedBytes = 0;
  state: ConnectionState = { phase: "open" };
  readonly #answer: (options: CallOptions) => Promise<void>;
  readonly #gone: () => void;
  readonly #settleClosed: (closure: Closure) => void;

  constructor(endpoint: ServerEndpoint, answer: (options: CallOptions) => Promise<void>, gone: () => void) {
    const closed = Promise.withResolvers<Closure>();
    this.endpoint = endpoint;
    this.closed = closed.promise;
    this.#settleClosed = closed.resolve;
    this.#answer = answer;
    this.#gone = gone;
  }

  ping(options: CallOptions): Promise<void> {
    return this.#answer(options);
  }

  close(): void {
    this.#end({ by: "caller" });
  }

  fail(error: ConnectionError): void {
    this.#end({ by: "failure", error });
  }

  #end(closure: Closure): void {
    if (this.state.phase === "open") {
      this.state = { phase: "closed", closure };
      this.#gone();
      this.#settleClosed(closure);
    }
  }
}
