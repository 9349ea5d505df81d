import type { Logger, Random } from "../core/ports.ts";
import { shuffled } from "../core/rebalance.ts";
import { EndpointError } from "../core/rpc-addr.ts";
import type { RpcProxy } from "../core/rpc-proxy.ts";

/**
 * Adds the configured servers as primaries, in random order, so that a fleet started together does not fixate on one.
 * Names come when they have an address.
 */
export class StaticServers {
  readonly #proxy: Pick<RpcProxy, "keepPrimaryServer">;
  readonly #ports: { readonly random: Random; readonly logger: Logger };
  readonly #addresses: readonly string[];
  #running: AbortController | undefined;

  constructor(
    proxy: Pick<RpcProxy, "keepPrimaryServer">,
    ports: { readonly random: Random; readonly logger: Logger },
    addresses: readonly string[],
  ) {
    this.#proxy = proxy;
    this.#ports = ports;
    this.#addresses = addresses;
  }

  start(): void {
    if (this.#running === undefined) {
      this.#running = new AbortController();
      for (const address of shuffled(this.#addresses, this.#ports.random)) {
        this.#add(address, this.#running.signal);
      }
    }
  }

  stop(): void {
    this.#running?.abort();
    this.#running = undefined;
  }

  /** A malformed address must not keep the others from being used. */
  #add(address: string, signal: AbortSignal): void {
    try {
      this.#proxy.keepPrimaryServer(address, signal);
    } catch (error) {
      if (!(error instanceof EndpointError)) {
        throw error;
      }
      this.#ports.logger.warn({ reason: error.message }, "configured server can't be used");
    }
  }
}
