import { delay } from "../core/delay.ts";
import type { Clock, Logger, Random } from "../core/ports.ts";
import { shuffled } from "../core/rebalance.ts";
import type { RpcProxy } from "../core/rpc-proxy.ts";

/** A name that does not resolve yet is asked for again after a random wait up to this: DNS may come up after the agent. */
const MAX_RETRY_MS = 10_000;

/**
 * Adds the configured servers as primaries, in random order, so that a fleet started together does not fixate on one.
 * A name that does not resolve is tried again until it does.
 */
export class StaticServers {
  readonly #proxy: Pick<RpcProxy, "addPrimaryServer">;
  readonly #ports: { readonly clock: Clock; readonly random: Random; readonly logger: Logger };
  readonly #addresses: readonly string[];
  #running: AbortController | undefined;

  constructor(
    proxy: Pick<RpcProxy, "addPrimaryServer">,
    ports: { readonly clock: Clock; readonly random: Random; readonly logger: Logger },
    addresses: readonly string[],
  ) {
    this.#proxy = proxy;
    this.#ports = ports;
    this.#addresses = addresses;
  }

  start(): void {
    if (this.#running === undefined) {
      this.#running = new AbortController();
      this.#run(this.#running.signal);
    }
  }

  stop(): void {
    this.#running?.abort();
    this.#running = undefined;
  }

  /** Side by side: a name whose nameservers are silent delays no other server. */
  #run(signal: AbortSignal): void {
    for (const address of shuffled(this.#addresses, this.#ports.random)) {
      void this.#add(address, signal);
    }
  }

  async #add(address: string, signal: AbortSignal): Promise<void> {
    const { clock, logger, random } = this.#ports;
    const hasStopped = () => signal.aborted;
    for (let level: "warn" | "debug" = "warn"; !hasStopped(); level = "debug") {
      try {
        await this.#proxy.addPrimaryServer(address, "static");
        return;
      } catch (error) {
        if (hasStopped()) {
          return;
        }
        logger[level]({ address, err: error }, "configured server can't be used yet");
      }
      await delay(clock, random() * MAX_RETRY_MS, signal);
    }
  }
}
