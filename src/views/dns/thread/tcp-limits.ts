export interface TcpLimits {
  /** One more takes the place of the one silent longest, so that new clients are always served (RFC 7766 6.2.3). */
  readonly maxConnections: number;
  /** From the last complete query, or the start, to the next complete one. */
  readonly idleMs: number;
  /** From the start to the end, whatever happens. */
  readonly lifetimeMs: number;
}

/**
 * A query over TCP is sent at once by every client, so whoever takes longer than a second or two is no client.
 * 256 connections of at most 64 KB waiting to be written are 16 MB.
 */
export const TCP_LIMITS: TcpLimits = { maxConnections: 256, idleMs: 3000, lifetimeMs: 30_000 };

/** Four checks per idle time: a connection outlives its deadline by a quarter at most. */
export const CHECKS_PER_IDLE_TIME = 4;
