import type { Disagreeing } from "./pool-view.ts";
import { RecentMap } from "./recent-map.ts";

/** One program may be wrong by itself; of so many one may think that the server fails its work and answers pings. */
const FEWEST_CLIENTS = 3;

const WITHIN_MS = 10_000;

/** Clients that are told apart: of more, as many are shown. */
const MOST_CLIENTS = 1_000;

export function disagreementInWords({ clients, server }: Disagreeing): string {
  return `${clients} programs report ${server} in vain: it answers the agent`;
}

/** Notices that several programs report the same server while it answers. Times are by `Clock.now`. */
export class Disagreement {
  #server = "";
  /** When each client was refuted last. */
  #refutedAt = new RecentMap<number>(MOST_CLIENTS);
  #since: number | undefined;

  /** A client reported the server, which answered. */
  refuted(server: string, client: string, now: number): void {
    if (server !== this.#server) {
      this.#server = server;
      this.#refutedAt = new RecentMap(MOST_CLIENTS);
    }
    this.#forgetOld(now);
    this.#since = this.#refutedAt.size < FEWEST_CLIENTS ? undefined : this.#since;
    this.#refutedAt.set(client, now);
    if (this.#refutedAt.size >= FEWEST_CLIENTS) {
      this.#since ??= now;
    }
  }

  /** `undefined`: it is over, or there is none about this server. */
  about(server: string | undefined, now: number): Disagreeing | undefined {
    if (server !== this.#server) {
      return undefined;
    }
    this.#forgetOld(now);
    const clients = this.#refutedAt.size;
    return clients < FEWEST_CLIENTS || this.#since === undefined
      ? undefined
      : { server, clients, since: this.#since };
  }

  #forgetOld(now: number): void {
    this.#refutedAt.forgetWhile((at) => now - at >= WITHIN_MS);
  }
}
