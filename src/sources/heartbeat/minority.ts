import type { Clock } from "../../core/ports.ts";
import { printable } from "../../core/printable.ts";
import { rotateWhile } from "../../core/rotation.ts";
import type { RpcProxy } from "../../core/rpc-proxy.ts";
import type { ServerEndpoint } from "../../core/server-endpoint.ts";
import type { LeaderSide } from "./leader-side.ts";

/**
 * A head that names no leader keeps its place for so long: a new leader is there 2.5 to 3.6 s after the old one died
 * (measured with Nomad's defaults), and 12.7 s after it with raft's times five times as long.
 */
const LONGEST_ELECTION_MS = 15_000;

/**
 * When a head is asked again that begins to name no leader, in a fleet of any size: an election is surely over by then.
 */
export const AFTER_ELECTION_MS = LONGEST_ELECTION_MS + 1_000;

interface MinorityPorts {
  readonly proxy: Pick<RpcProxy, "findServer" | "notifyFailedServer" | "numServers">;
  readonly clock: Clock;
}

/** Tells a head in an election, which passes, from a head in a minority, which is left. */
export class Minority {
  readonly #ports: MinorityPorts;
  /** The head while it names no leader, and since when: by `Clock.now`. */
  #leaderless: { readonly key: string; readonly since: number } | undefined;

  constructor(ports: MinorityPorts) {
    this.#ports = ports;
  }

  /** @returns true when the server begins to name no leader. */
  note({ key }: ServerEndpoint, isLeaderless: boolean): boolean {
    if (!isLeaderless) {
      this.#leaderless = undefined;
      return false;
    }
    const isNews = this.#leaderless?.key !== key;
    if (isNews) {
      this.#leaderless = { key, since: this.#ports.clock.now() };
    }
    return isNews;
  }

  /**
   * A head that has named no leader for longer than elections take, while another server names one that answers, sits
   * in a minority: as good as failed. Rotates until the head is none of those that were asked in vain, which may sit
   * there, too.
   */
  leave(leaderless: ServerEndpoint, { from, answer, inVain }: LeaderSide): void {
    const { clock, proxy } = this.#ports;
    const forMs = clock.now() - (this.#leaderless?.since ?? clock.now());
    if (forMs < LONGEST_ELECTION_MS || proxy.findServer()?.key !== leaderless.key) {
      return;
    }
    const because = `while ${from.key} names ${printable(answer.leaderRpcAddr)}, which answers`;
    rotateWhile(proxy, ({ key }) => {
      const finding = inVain.get(key);
      return finding === undefined ? undefined : { source: "heartbeat", reason: `${finding}, ${because}` };
    });
  }
}
