import type { Clock, Logger } from "./ports.ts";

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

/** Filters servers that speak a newer API than we do. (v0.4.0 panicked on the first one.) */
export class ApiVersionFilter {
  readonly #ours: ApiVersion;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #loggedAt = new Map<string, number>();

  constructor(ours: ApiVersion, clock: Clock, logger: Logger) {
    this.#ours = ours;
    this.#clock = clock;
    this.#logger = logger;
  }

  usable(servers: readonly NodeServerInfo[]): NodeServerInfo[] {
    this.#forgetOld();
    return servers.filter((server) => {
      const newer = isNewer(server, this.#ours);
      if (newer) {
        this.#logOnce(server);
      }
      return !newer;
    });
  }

  #forgetOld(): void {
    for (const [address, loggedAt] of this.#loggedAt) {
      if (this.#clock.now() - loggedAt >= LOG_INTERVAL_MS) {
        this.#loggedAt.delete(address);
      }
    }
  }

  #logOnce(server: NodeServerInfo): void {
    if (this.#loggedAt.has(server.rpcAdvertiseAddr)) {
      return;
    }
    this.#loggedAt.set(server.rpcAdvertiseAddr, this.#clock.now());
    this.#logger.warn(
      {
        server: server.rpcAdvertiseAddr,
        apiVersion: versionText(server),
        ourApiVersion: versionText(this.#ours),
      },
      "server speaks a newer API version: not used",
    );
  }
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
