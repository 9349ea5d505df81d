import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import { MostRecent } from "../../core/most-recent.ts";

/** A request is sent at once by every client: who sends a byte a second holds nothing for long. */
const PATIENCE_MS = 10_000;

/** An answer may wait for names to be looked up, and has to be read. */
const SILENCE_PER_PATIENCE = 3;

/** Looks for requests that take too long, per patience: they end at 15 s at the latest. Each wakes the machine. */
const LOOKS = 2;

/** 16 bodies of 1 MiB that are on their way, as bytes and as text: 48 MB at most. */
const MAX_BODIES = 16;

/**
 * Options of Fastify and Node: a request's head and body have to be complete, and the next request has to begin, within
 * the patience. Without `headersTimeout`, Node takes its own 60 s for the bodies.
 */
export function timeouts(patienceMs = PATIENCE_MS) {
  return {
    connectionTimeout: patienceMs * SILENCE_PER_PATIENCE,
    keepAliveTimeout: patienceMs,
    requestTimeout: patienceMs,
    http: { headersTimeout: patienceMs, connectionsCheckingInterval: patienceMs / LOOKS },
  };
}

/**
 * One connection more than these takes the place of one that has no request on its way, the longest without; where all
 * have one, of the oldest. So new clients are always served. Without a request are idle ones and those whose head is
 * not complete.
 */
export function limitConnections(server: Server, maxConnections: number): void {
  const idle = new Set<Socket>();
  const busy = new Set<Socket>();
  const forget = (socket: Socket) => idle.delete(socket) || busy.delete(socket);
  server.on("connection", (socket) => {
    const [longest] = idle.size > 0 ? idle : busy;
    if (longest !== undefined && idle.size + busy.size >= maxConnections) {
      forget(longest);
      longest.destroy();
    }
    idle.add(socket);
    socket.once("close", () => {
      forget(socket);
    });
  });
  server.on("request", ({ socket }, response) => {
    moved(socket, idle, busy);
    response.once("close", () => {
      moved(socket, busy, idle);
    });
  });
}

/** One that has made room meanwhile is in neither. */
function moved(socket: Socket, from: Set<Socket>, to: Set<Socket>): void {
  if (from.delete(socket)) {
    to.add(socket);
  }
}

/** Bodies on their way: the one that takes longest makes room. */
export class BodyLimit {
  readonly #bodies = new MostRecent<IncomingMessage>(MAX_BODIES);

  add(request: IncomingMessage): void {
    const { "content-length": length, "transfer-encoding": encoding } = request.headers;
    if (length === undefined && encoding === undefined) {
      return;
    }
    const longest = this.#bodies.add(request);
    if (longest?.complete === false) {
      longest.destroy();
    }
    request.once("close", () => {
      this.#bodies.delete(request);
    });
  }
}
