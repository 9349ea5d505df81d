import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import { joinHostPort } from "../core/rpc-addr.ts";
import { type StandInFault, serveSession } from "./stand-in-session.ts";
import { DEFAULT_VIEW, type StandInView } from "./stand-in-view.ts";

/** Certificates in PEM form; clients must show one that `ca` signed. */
export interface StandInTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface StandInOptions {
  /** `127.0.0.1` without it. */
  readonly host?: string;
  /** 0, or none: any free port. A server started again keeps the one it got. */
  readonly port?: number;
  readonly view?: Partial<StandInView>;
  readonly tls?: StandInTls;
}

const RPC_BYTE = 0x01;
const TLS_BYTE = 0x04;

// A real server closes a connection that sends no first byte after 5 s (measured).
const FIRST_BYTE_TIMEOUT_MS = 5000;

/**
 * A server that speaks Nomad's RPC as far as a heartbeat needs it, byte for byte like the recorded ones: for tests,
 * benchmarks and `--dev`. It keeps no state: it answers what its view says, and its view changes when it is told so.
 */
export class StandInServer {
  readonly #host: string;
  readonly #sockets = new Set<Duplex>();
  readonly #requests = new Map<string, number>();
  readonly #tls: TlsServer | undefined;
  #port: number;
  #view: StandInView;
  #fault: StandInFault = { kind: "none" };
  #server: Server | undefined;
  #accepted = 0;

  constructor({ host = "127.0.0.1", port = 0, view = {}, tls }: StandInOptions = {}) {
    this.#host = host;
    this.#port = port;
    this.#view = { ...DEFAULT_VIEW, ...view };
    this.#tls = tls === undefined ? undefined : createTlsServer({ ...tls, requestCert: true });
    this.#tls?.on("secureConnection", (stream) => {
      this.#admit(stream, undefined);
    });
    this.#tls?.on("tlsClientError", (_error, stream) => stream.destroy());
  }

  /** `host:port`, known once it has started for the first time. */
  get address(): string {
    return joinHostPort(this.#host, this.#port);
  }

  get view(): StandInView {
    return this.#view;
  }

  get fault(): StandInFault {
    return this.#fault;
  }

  get running(): boolean {
    return this.#server !== undefined;
  }

  /** TCP connections accepted since it was made. */
  get acceptedConnections(): number {
    return this.#accepted;
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  /** Requests received for one method, answered or not. */
  requestCount(method: string): number {
    return this.#requests.get(method) ?? 0;
  }

  /** Takes effect with the next request. */
  know(view: Partial<StandInView>): void {
    this.#view = { ...this.#view, ...view };
  }

  /** Takes effect with the next request or connection; `none` makes it behave again. */
  misbehave(fault: StandInFault): void {
    this.#fault = fault;
  }

  /** Resolves when it listens. Idempotent. Rejects with Node's error when the address can't be had. */
  async start(): Promise<void> {
    if (this.#server !== undefined) {
      return;
    }
    const server = createServer({ noDelay: true }, (socket) => {
      this.#accept(socket);
    });
    this.#server = server;
    try {
      await listening(server, this.#host, this.#port);
    } catch (error) {
      this.#server = undefined;
      throw error;
    }
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Ends like a killed process: all connections close at once, new ones are refused. Idempotent. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) {
      return;
    }
    this.#server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    await closed;
  }

  #accept(socket: Socket): void {
    this.#accepted += 1;
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    if (this.#fault.kind === "close-after-accept") {
      socket.destroy();
      return;
    }
    socket.setTimeout(FIRST_BYTE_TIMEOUT_MS, () => socket.destroy());
    this.#admit(socket, this.#tls);
  }

  /** Reads the byte that says what the connection is for. */
  #admit(stream: Duplex, tls: TlsServer | undefined): void {
    // A client that vanishes is no event worth a word.
    stream.on("error", () => undefined);
    stream.once("data", (chunk: Buffer) => {
      stream.pause();
      if (chunk.length > 1) {
        stream.unshift(chunk.subarray(1));
      }
      this.#open(stream, chunk[0], tls);
    });
  }

  #open(stream: Duplex, firstByte: number | undefined, tls: TlsServer | undefined): void {
    if ("setTimeout" in stream) {
      (stream as Socket).setTimeout(0);
    }
    if (tls !== undefined && firstByte === TLS_BYTE) {
      tls.emit("connection", stream);
    } else if (tls === undefined && firstByte === RPC_BYTE) {
      serveSession(stream, this.#sessionHost());
      stream.resume();
    } else {
      stream.destroy();
    }
  }

  #sessionHost(): Parameters<typeof serveSession>[1] {
    const view = (): StandInView => this.#view;
    const fault = (): StandInFault => this.#fault;
    return {
      get view() {
        return view();
      },
      get fault() {
        return fault();
      },
      onRequest: (method) => {
        this.#requests.set(method, this.requestCount(method) + 1);
      },
    };
  }
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
}
