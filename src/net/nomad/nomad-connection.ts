import type { Duplex } from "node:stream";
import { Encoder } from "@msgpack/msgpack";
import * as z from "zod";
import type { ServerEndpoint } from "../../core/server-endpoint.ts";
import { ConnectionError, provesLife, transportFailure } from "../connection/connection-error.ts";
import { sharedDeadline, withDeadline } from "../connection/deadline.ts";
import { dial } from "../connection/dial.ts";
import type { CallOptions, Closure, ConnectionState, HeldConnection } from "../connection/held-connection.ts";
import { closureError, SocketLifetime } from "../connection/socket-lifetime.ts";
import { applicationError } from "./application-error.ts";
import { type BodyPlan, MessageReader } from "./message-reader.ts";
import { type NomadTls, secure, type TlsParty, tlsFailure } from "./tls-handshake.ts";
import { FramingError } from "./value-scanner.ts";

/** What an answer's body is allowed to be, and how it is read. `read` throws when it is not what the method answers. */
export interface Answer<T> extends BodyPlan {
  read(bytes: Uint8Array): T;
  /** Reads it from the first bytes of the body; `undefined` while they are too few. The rest is passed over. */
  readEarly?(bytes: Uint8Array): T | undefined;
}

export interface NomadConnectionOptions extends CallOptions {
  /** Speaks TLS when given. */
  readonly tls?: NomadTls | undefined;
  readonly region: string;
}

interface PendingCall {
  readonly method: string;
  readonly plan: BodyPlan;
  settle(bytes: Uint8Array): void;
  settleEarly(bytes: Uint8Array): void;
  fail(error: ConnectionError): void;
}

/** Nomad serves plain RPC after this byte, on every version, without yamux. */
const RPC_BYTE = Uint8Array.of(0x01);

const NO_BODY: BodyPlan = { keepBytes: 0, limitBytes: 1024 * 1024 };
/** Answers that came after their call had ended are passed over; the largest may be one to Node.List. */
const LATE_BODY: BodyPlan = { keepBytes: 0, limitBytes: 512 * 1024 * 1024 };

/** `{}`, and no more: what a ping answers. */
const PING: Answer<undefined> = { keepBytes: 0, limitBytes: 64 * 1024, read: () => undefined };

/**
 * A ping may wait behind a large answer on a slow line: while bytes arrive the server lives. But for no longer than
 * this many timeouts of the ping since the answer began, so that a server that sends a byte now and then, for ever, is
 * found out. With 500 ms that is 10 s: the 1 MB that the largest answer may have, at 0.8 Mbit/s.
 */
const TIMEOUTS_PER_ANSWER = 20;

/** Its memory of 2 KB serves every request. */
const encoder = new Encoder();

const Header = z.object({ Error: z.string(), Seq: z.int().min(0), ServiceMethod: z.string() });

/**
 * One open connection that speaks Nomad's RPC. Any number of calls may be in flight; answers find their call by Seq,
 * and one that comes after its call ended is dropped. Whatever the server sends ends in a settled call or a closed
 * connection with a `ConnectionError`; nothing is thrown elsewhere.
 *
 * More than 250 lines, because calls, answers and the end of the connection share one table of open calls.
 */
export class NomadConnection implements HeldConnection {
  readonly endpoint: ServerEndpoint;
  readonly #stream: Duplex;
  readonly #lifetime: SocketLifetime;
  readonly #pending = new Map<number, PendingCall>();
  #lastSeq = 0;
  /** Whole answers read so far, late ones too. */
  #answers = 0;
  #receivedBytes = 0;
  /** When the last answer began: by `performance.now()`. */
  #answerBeganAt = 0;
  /** The call whose answer's body is being read, and its error text. */
  #answering: { readonly call: PendingCall | undefined; readonly error: string } | undefined;

  private constructor(
    endpoint: ServerEndpoint,
    stream: Duplex,
    failure: (cause: unknown) => ConnectionError,
  ) {
    this.endpoint = endpoint;
    this.#stream = stream;
    this.#lifetime = new SocketLifetime(stream, {
      server: endpoint.key,
      failure,
      onEnd: (closure) => {
        this.#failPending(closure);
      },
    });
    const reader = new MessageReader({
      header: (value) => this.#onHeader(value),
      beginning: (bytes) => {
        if (this.#answering?.error === "") {
          this.#answering.call?.settleEarly(bytes);
        }
      },
      body: (bytes) => {
        this.#onBody(bytes);
      },
    });
    stream.on("data", (chunk: Uint8Array) => {
      this.#onData(reader, chunk);
    });
    stream.write(RPC_BYTE);
  }

  /**
   * Opens a connection. Plain: resolves when TCP is connected, which proves nothing about the server's process; `ping`
   * does. TLS: resolves after the handshake and one answered ping, because a TLS 1.3 server refuses a client only at
   * the first read. An application error is such an answer; opening rejects with it only when it cost the connection.
   */
  static async open(endpoint: ServerEndpoint, options: NomadConnectionOptions): Promise<NomadConnection> {
    using left = sharedDeadline(options);
    const socket = await dial(endpoint, left());
    if (options.tls === undefined) {
      return new NomadConnection(endpoint, socket, (cause) => transportFailure(endpoint.key, cause));
    }
    const serverName = `server.${options.region}.nomad`;
    const party: TlsParty = { server: endpoint.key, serverName, tls: options.tls };
    const stream = await secure(socket, party, left());
    const connection = new NomadConnection(endpoint, stream, (cause) => tlsFailure(party, cause));
    try {
      await connection.ping(left());
      return connection;
    } catch (error) {
      if (provesLife(error) && connection.state.phase === "open") {
        return connection;
      }
      connection.close();
      throw afterHandshake(error);
    }
  }

  get state(): ConnectionState {
    return this.#lifetime.state;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  get closed(): Promise<Closure> {
    return this.#lifetime.closed;
  }

  /**
   * Status.Ping: the server's process answers. It says nothing about a leader. A server answers in order, so a ping may
   * wait behind other calls: their answers prove the same, and so do bytes of another answer that began not too long
   * ago.
   */
  async ping(options: CallOptions): Promise<void> {
    const answersBefore = this.#answers;
    const bytesBefore = this.#receivedBytes;
    try {
      await this.call("Status.Ping", {}, PING, options);
    } catch (error) {
      const isLate = error instanceof ConnectionError && error.code === "call-timeout";
      const isAnswering = this.#receivedBytes > bytesBefore && this.#isFreshAnswer(options.timeoutMs);
      if (!isLate || !(this.#answers > answersBefore || isAnswering)) {
        throw error;
      }
    }
  }

  /** Whether the body of another answer than a ping's is under way, and began lately. */
  #isFreshAnswer(timeoutMs: number): boolean {
    const ageMs = performance.now() - this.#answerBeganAt;
    const isOther = this.#answering !== undefined && this.#answering.call?.plan !== PING;
    return isOther && ageMs < TIMEOUTS_PER_ANSWER * timeoutMs;
  }

  /**
   * Sends one request. Rejects with a `ConnectionError`: `application` and `timeout` leave the connection open, other
   * kinds close it, but for two codes: `unknown-method` costs the connection, `unexpected-answer` does not.
   */
  async call<T>(method: string, request: object, answer: Answer<T>, options: CallOptions): Promise<T> {
    const { state } = this;
    const server = this.endpoint.key;
    if (state.phase === "closed") {
      throw closureError(server, state.closure);
    }
    const expired = (): ConnectionError =>
      new ConnectionError(
        "call-timeout",
        server,
        `no answer to ${method} within ${Math.round(options.timeoutMs)} ms`,
      );
    return await withDeadline<T>(options, expired, (resolve, reject) => {
      const seq = ++this.#lastSeq;
      const settle = (bytes: Uint8Array): void => {
        try {
          resolve(answer.read(bytes));
        } catch (cause) {
          reject(
            new ConnectionError("unexpected-answer", server, `${method} answered something else`, { cause }),
          );
        }
      };
      const settleEarly = (bytes: Uint8Array): void => {
        const value = answer.readEarly?.(bytes);
        if (value !== undefined) {
          resolve(value);
        }
      };
      this.#pending.set(seq, { method, plan: answer, settle, settleEarly, fail: reject });
      const header = encoder.encode({ ServiceMethod: method, Seq: seq });
      this.#stream.write(Buffer.concat([header, encoder.encodeSharedRef(request)]));
      return () => {
        this.#pending.delete(seq);
      };
    });
  }

  close(): void {
    this.#lifetime.end();
  }

  #onData(reader: MessageReader, chunk: Uint8Array): void {
    if (this.state.phase === "closed") {
      return;
    }
    this.#receivedBytes += chunk.length;
    try {
      reader.push(chunk);
    } catch (cause) {
      if (!(cause instanceof FramingError)) {
        throw cause;
      }
      this.#lifetime.fail(new ConnectionError(cause.code, this.endpoint.key, cause.message, { cause }));
    }
  }

  #onHeader(value: unknown): BodyPlan {
    const header = Header.safeParse(value);
    if (!header.success) {
      throw new FramingError("malformed-message", "an answer without Error, Seq and ServiceMethod", {
        cause: header.error,
      });
    }
    const { Error: error, Seq: seq, ServiceMethod: method } = header.data;
    const call = this.#pending.get(seq);
    if (seq === 0 || seq > this.#lastSeq || (call !== undefined && call.method !== method)) {
      throw new FramingError("malformed-message", `an answer to a request that was never sent (Seq ${seq})`);
    }
    this.#answering = { call, error };
    this.#answerBeganAt = performance.now();
    if (error !== "") {
      return NO_BODY;
    }
    return call?.plan ?? LATE_BODY;
  }

  #onBody(bytes: Uint8Array): void {
    const { call, error } = this.#answering ?? { call: undefined, error: "" };
    this.#answering = undefined;
    this.#answers += 1;
    if (call === undefined) {
      return;
    }
    if (error === "") {
      call.settle(bytes);
      return;
    }
    const failure = applicationError(this.endpoint.key, call.method, error);
    call.fail(failure);
    if (failure.code === "unknown-method") {
      // The server closes next. Until that is seen, the connection would look open and lose the next call.
      const detail = `the server closes the connection after a method it lacks (${call.method})`;
      this.#lifetime.fail(
        new ConnectionError("connection-closed", this.endpoint.key, detail, { cause: failure }),
      );
    }
  }

  #failPending(closure: Closure): void {
    const calls = [...this.#pending.values()];
    this.#pending.clear();
    for (const call of calls) {
      call.fail(closureError(this.endpoint.key, closure));
    }
  }
}

/** Right after a handshake, a server that just closes most likely refuses the client without saying so. */
function afterHandshake(error: unknown): unknown {
  if (!(error instanceof ConnectionError) || error.kind !== "transport") {
    return error;
  }
  const detail =
    "it closed the connection right after the TLS handshake; it may not accept the client's certificate";
  return new ConnectionError("tls-failed", error.server, detail, { cause: error });
}
