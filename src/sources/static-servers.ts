import type { Note } from "../core/journal-event.ts";
import { atAbort, Life } from "../core/life.ts";
import type { Random } from "../core/ports.ts";
import { shuffled } from "../core/rebalance.ts";
import { EndpointError } from "../core/rpc-addr.ts";
import type { RpcProxy } from "../core/rpc-proxy.ts";
import type { Runnable } from "../core/running.ts";

/**
 * Adds the configured servers as primaries, in random order, so that a fleet started together does not fixate on one.
 * Names come when they have an address.
 */
export class StaticServers implements Runnable {
  readonly #proxy: Pick<RpcProxy, "keepPrimaryServer">;
  readonly #ports: { readonly random: Random; readonly note: Note };
  /** Each with what ends the wait for its name. */
  readonly #kept = new Map<string, AbortController>();
  #addresses: readonly string[];
  readonly #life = new Life();

  constructor(
    proxy: Pick<RpcProxy, "keepPrimaryServer">,
    ports: { readonly random: Random; readonly note: Note },
    addresses: readonly string[],
  ) {
    this.#proxy = proxy;
    this.#ports = ports;
    this.#addresses = addresses;
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#life.run(signal, () => {
      this.#keepAll();
      return atAbort(signal, () => {
        for (const waiting of this.#kept.values()) {
          waiting.abort();
        }
        this.#kept.clear();
      });
    });
  }

  /**
   * Goes on with other servers: adds those that are new, and waits no longer for names that are gone. The list lets go
   * of servers by `RpcProxy.forgetConfigured`.
   */
  configure(addresses: readonly string[]): void {
    this.#addresses = addresses;
    for (const [address, waiting] of this.#kept) {
      if (!addresses.includes(address)) {
        waiting.abort();
        this.#kept.delete(address);
      }
    }
    if (!this.#life.isOver()) {
      this.#keepAll();
    }
  }

  #keepAll(): void {
    for (const address of shuffled(this.#addresses, this.#ports.random)) {
      if (!this.#kept.has(address)) {
        const waiting = new AbortController();
        this.#kept.set(address, waiting);
        this.#keep(address, waiting.signal);
      }
    }
  }

  /** A malformed address must not keep the others from being used. */
  #keep(address: string, signal: AbortSignal): void {
    try {
      this.#proxy.keepPrimaryServer(address, signal);
    } catch (error) {
      if (!(error instanceof EndpointError)) {
        throw error;
      }
      this.#ports.note({ kind: "configured-server-refused", reason: error.message });
    }
  }
}
