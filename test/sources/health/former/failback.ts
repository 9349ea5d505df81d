import type { Clock } from "../../../../src/core/ports.ts";
import type { RpcProxy } from "../../../../src/core/rpc-proxy.ts";
import type { Penalties } from "../../../../src/sources/health/penalties.ts";
import type { Watch } from "./server-watch.ts";

/** A primary must have answered for this long before the list goes back to it from a backup. */
const FAILBACK_AFTER_MS = 30_000;

export interface FailbackPorts {
  readonly proxy: Pick<RpcProxy, "snapshot" | "rebalanceServers">;
  readonly penalties: Penalties;
  readonly clock: Clock;
}

/** Takes the list back from a backup to a primary that answers again: by a rebalance, which pings it once more. */
export class Failback {
  readonly #ports: FailbackPorts;

  constructor(ports: FailbackPorts) {
    this.#ports = ports;
  }

  /** A server that is watched, but is not the head, answered. When it may take over, the list is rebalanced. */
  consider({ key, state }: Watch, signal: AbortSignal): void {
    const { clock, penalties, proxy } = this.#ports;
    const isWanted = this.#isPrimary(key) && !this.#isPrimary(proxy.snapshot().head?.key);
    const hasAnsweredLong = state.phase === "up" && clock.now() - state.since >= FAILBACK_AFTER_MS;
    if (isWanted && hasAnsweredLong && penalties.remainingMs(key) === 0) {
      // No backup is chosen: one healthy backup is as good as another, so the head would change for nothing.
      void proxy.rebalanceServers({ signal, reason: "a primary answers again", tier: "primary" });
    }
  }

  #isPrimary(key: string | undefined): boolean {
    return key !== undefined && this.#ports.proxy.snapshot().tierOf(key) === "primary";
  }
}
