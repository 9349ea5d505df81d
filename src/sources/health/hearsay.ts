import { atAbort, Life } from "../../core/life.ts";
import type { IfHeadFails } from "../../core/pool-view.ts";
import type { Pinger } from "../../core/ports.ts";
import type { RpcProxy } from "../../core/rpc-proxy.ts";
import type { Runnable } from "../../core/running.ts";
import type { Snapshot } from "../../core/snapshot.ts";
import type { Findings } from "./found-lately.ts";
import { type HealthStatus, UNWATCHED } from "./health-status.ts";
import type { Penalties } from "./penalties.ts";

const NO_FINDINGS: Findings = new Map();

/** Any server may become head in a rebalance: nobody is asked. */
export const neverAsks: Pinger = { ping: () => Promise.resolve() };

/**
 * For servers that are not to be dialled: in place of a health monitor. What is known of them is what others report. A
 * head that is reported as failed has a penalty, so that the next rebalance passes it over; a primary that a source
 * names is believed to live.
 */
export class Hearsay implements Runnable {
  readonly #proxy: Pick<RpcProxy, "snapshot" | "subscribe" | "rebalanceServers">;
  readonly #penalties: Penalties;
  readonly #life = new Life();

  constructor(proxy: Pick<RpcProxy, "snapshot" | "subscribe" | "rebalanceServers">, penalties: Penalties) {
    this.#proxy = proxy;
    this.#penalties = penalties;
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#life.run(signal, () => {
      const unsubscribe = this.#proxy.subscribe((next) => {
        this.#learn(next);
      });
      return atAbort(signal, unsubscribe);
    });
  }

  /** No connection is held to any server. */
  connectionTo(): undefined {
    return undefined;
  }

  /** Nobody is watched. */
  status(): HealthStatus {
    const { order } = this.#proxy.snapshot();
    const next = order.get(1);
    const ifHeadFails: IfHeadFails =
      next === undefined ? { kind: "none" } : { kind: "next", server: next, isConnected: false };
    return { ...UNWATCHED, ifHeadFails };
  }

  /** Nobody is watched. */
  watchedAddresses(): readonly [] {
    return [];
  }

  /** Nobody is asked. */
  findings(): Findings {
    return NO_FINDINGS;
  }

  /** There is nothing to set: no server is dialled. */
  configure(): void {
    // Health's settings are about pings.
  }

  /** Nothing was seen of any server, for a monitor that takes over. */
  known(): undefined {
    return undefined;
  }

  /** Nobody is asked, so nobody is known to be down. */
  outageSince(): undefined {
    return undefined;
  }

  #learn(next: Snapshot): void {
    const { occurrence, server } = next.cause;
    if (occurrence === "server-failed" && server !== undefined) {
      this.#penalties.add(server);
    }
    if (this.#hasBetterThanHead(next)) {
      const { signal } = this.#life;
      void this.#proxy.rebalanceServers({ signal, reason: "a primary is named", tier: "primary" });
    }
  }

  /** Whether the head is a backup, and a primary may be chosen. */
  #hasBetterThanHead(snapshot: Snapshot): boolean {
    const isBackup = snapshot.tierOf(snapshot.head?.key ?? "") === "backup";
    return isBackup && snapshot.serversOf("primary").some(({ key }) => !this.#penalties.isAvoided(key));
  }
}
