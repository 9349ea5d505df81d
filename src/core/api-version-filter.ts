import { MAX_SERVERS_PER_SOURCE } from "./list-limit.ts";
import type { Clock, Logger } from "./ports.ts";
import { printable } from "./printable.ts";
import { RecentMap } from "./recent-map.ts";

/** One server in a heartbeat, as Nomad's `NodeServerInfo` has it. */
export interface NodeServerInfo {
  /** `host:port`. */
  readonly rpcAdvertiseAddr: string;
  readonly rpcMajorVersion: number;
  readonly rpcMinorVersion: number;
  readonly datacenter: string;
}

export interface ApiVersion {
  readonly rpcMajorVersion: number;
  readonly rpcMinorVersion: number;
}

/** A server with a newer API is logged at most once in this time: Nomad's own rule. */
const LOG_INTERVAL_MS = 3 * 3_600_000;

/**
 * Milliseconds between heartbeats that are told of: what comes in between is told of with the next one, if it stays.
 */
const TOLD_EVERY_MS = 60_000;

/**
 * Servers of one heartbeat that get a line each; more of them get one line with their number: 3 lines a minute at most.
 */
const LINES_PER_HEARTBEAT = 3;

/** An address takes this many characters of a line and of memory: 20,000 of them, 2 MB. */
const LONGEST_ADDRESS = 100;

/** Newer servers of one heartbeat that are remembered for whoever asks why they are not used. */
const NEWER_KEPT = 32;

/** Filters servers that speak a newer API than we do. (v0.4.0 panicked on the first one.) */
export class ApiVersionFilter {
  readonly #ours: ApiVersion;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** When each was told of: as many as one heartbeat may name. */
  readonly #loggedAt = new RecentMap<number>(MAX_SERVERS_PER_SOURCE);
  #toldAt = Number.NEGATIVE_INFINITY;
  #newer: readonly string[] = [];

  constructor(ours: ApiVersion, clock: Clock, logger: Logger) {
    this.#ours = ours;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Servers of the last heartbeat that speak a newer API, with their versions: 32 at most. */
  newer(): readonly string[] {
    return this.#newer;
  }

  usable(servers: readonly NodeServerInfo[]): NodeServerInfo[] {
    const newer = servers.filter((server) => isNewer(server, this.#ours));
    this.#newer = newer.slice(0, NEWER_KEPT).map(({ rpcAdvertiseAddr }) => shown(rpcAdvertiseAddr));
    if (newer.length > 0) {
      this.#log(newer);
    }
    return servers.filter((server) => !isNewer(server, this.#ours));
  }

  #log(newer: readonly NodeServerInfo[]): void {
    const now = this.#clock.now();
    this.#loggedAt.forgetWhile((loggedAt) => now - loggedAt >= LOG_INTERVAL_MS);
    const fresh = newer.filter(({ rpcAdvertiseAddr }) => !this.#loggedAt.has(shown(rpcAdvertiseAddr)));
    if (fresh.length === 0 || now - this.#toldAt < TOLD_EVERY_MS) {
      return;
    }
    this.#toldAt = now;
    for (const { rpcAdvertiseAddr } of fresh) {
      this.#loggedAt.set(shown(rpcAdvertiseAddr), now);
    }
    const ourApiVersion = versionText(this.#ours);
    const named = fresh.slice(0, LINES_PER_HEARTBEAT);
    if (fresh.length > LINES_PER_HEARTBEAT) {
      const first = named.map((server) => `${shown(server.rpcAdvertiseAddr)} (${versionText(server)})`);
      const fields = { servers: fresh.length, first: first.join(", "), ourApiVersion };
      this.#logger.warn(fields, "servers speak a newer API version: not used");
      return;
    }
    for (const server of named) {
      this.#logger.warn(
        { server: shown(server.rpcAdvertiseAddr), apiVersion: versionText(server), ourApiVersion },
        "server speaks a newer API version: not used",
      );
    }
  }
}

function shown(address: string): string {
  return printable(address, LONGEST_ADDRESS);
}

function isNewer(theirs: ApiVersion, ours: ApiVersion): boolean {
  return (
    theirs.rpcMajorVersion > ours.rpcMajorVersion ||
    (theirs.rpcMajorVersion === ours.rpcMajorVersion && theirs.rpcMinorVersion > ours.rpcMinorVersion)
  );
}

function versionText(version: ApiVersion): string {
  return `${version.rpcMajorVersion}.${version.rpcMinorVersion}`;
}
