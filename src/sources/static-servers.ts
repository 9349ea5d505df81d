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
      void this.#run(this.#running.signal);
    }
  }

  stop(): void {
    this.#running?.abort();
    this.#running = undefined;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, logger, random } = this.#ports;
    let waiting = shuffled(this.#addresses, random);
    for (let round = 0; waiting.length > 0 && !signal.aborted; round++) {
      const unresolved: string[] = [];
      for (const address of waiting) {
        try {
          await this.#proxy.addPrimaryServer(address, "static");
        } catch (error) {
          unresolved.push(address);
          logger[round === 0 ? "warn" : "debug"](
            { address, err: error },
            "configured server can't be used yet",
          );
        }
      }
      waiting = unresolved;
      if (waiting.length > 0) {
        await delay(clock, random() * MAX_RETRY_MS, signal);
      }
    }
  }
}
