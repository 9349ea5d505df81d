/**
 * What the core asks of the world. Time, chance, names, pings and logging come in through these one-method
 * interfaces, so every decision can be replayed in a test.
 */
import type { ServerEndpoint } from "./server-endpoint.ts";

/** Time. The core never reads a clock of its own. */
export interface Clock {
  /**
   * Milliseconds from any moment on; never goes back, and nobody can set it. Every interval and deadline is measured
   * with it.
   */
  now(): number;
  /**
   * Milliseconds since the Unix epoch, as the machine's clock is set now: for people only. Absent: `now` counts from
   * the epoch.
   */
  wallTime?(): number;
  /**
   * Calls back once after `delayMs` milliseconds, never at once. The returned function cancels; cancelling twice is
   * fine.
   */
  after(delayMs: number, callback: () => void): () => void;
}

/** Chance: a uniform number in [0, 1). */
export type Random = () => number;

/** Who asks, and with which protocol version: what a server needs to answer a ping. */
export interface PingContext {
  readonly region: string;
  readonly apiMajorVersion: number;
  /** Aborted when the answer is no longer wanted, or came too late. */
  readonly signal: AbortSignal;
}

/** The core's only window on the servers. */
export interface Pinger {
  /** Resolves when the server answered; rejects with the reason when it is not healthy. */
  ping(server: ServerEndpoint, context: PingContext): Promise<void>;
}

/** The addresses of a name, and how long they may be used. */
export interface Resolution {
  /** IPv4 and IPv6 literals, best first; never empty. */
  readonly addresses: readonly string[];
  /** Seconds until the name should be asked for again. */
  readonly ttlSeconds: number;
}

export interface Resolver {
  /** Rejects when the name has no address or nobody answered. Never called for an address literal. */
  resolve(host: string, signal?: AbortSignal): Promise<Resolution>;
}

/** The part of pino's interface that is used here. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
