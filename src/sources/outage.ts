import type { Clock } from "../core/ports.ts";
import type { ServerEndpoint } from "../core/server-endpoint.ts";
import type { FleetWaits, WaitLength } from "./fleet-waits.ts";

/** Servers tried at the same time: sockets for a long list that hangs. A shorter list never waits for this. */
const PROBES_AT_ONCE = 64;

export interface OutagePorts {
  readonly clock: Clock;
  readonly waits: FleetWaits;
  /** From one try of a server to its next one, drawn for each. */
  readonly drawWait: () => WaitLength;
  /** The keys of the servers to try. */
  readonly keys: readonly string[];
  /** `undefined` when the server has left the list. */
  readonly endpointOf: (key: string) => ServerEndpoint | undefined;
  /** Rejects when the server does not answer. */
  readonly ping: (server: ServerEndpoint, signal: AbortSignal) => Promise<void>;
  readonly onAnswer: (server: ServerEndpoint) => void;
  readonly onSilence: (server: ServerEndpoint) => void;
  /** Called once, when every server was tried and none answered. */
  readonly onConfirmed: () => void;
}

/**
 * While every server counts as down: tries them all, at once, because what is known of some of them may be old, and then each
 * again and again on its own, so that one that hangs delays no other, until it is ended. Nothing is called after `end`.
 */
export class Outage {
  readonly #ports: OutagePorts;
  readonly #ended = new AbortController();
  readonly #untried: Set<string>;
  readonly #queue: (() => void)[] = [];
  #freePlaces = PROBES_AT_ONCE;

  constructor(ports: OutagePorts) {
    this.#ports = ports;
    this.#untried = new Set(ports.keys);
  }

  /** The first tries begin after that time; at once without it. */
  start(delay?: WaitLength): void {
    for (const key of this.#ports.keys) {
      void this.#run(key, delay);
    }
  }

  end(): void {
    this.#ended.abort();
  }

  async #run(key: string, delay: WaitLength | undefined): Promise<void> {
    const { clock, drawWait, endpointOf, waits } = this.#ports;
    if (delay !== undefined) {
      await waits.wait(delay, this.#ended.signal);
    }
    while (!this.#hasEnded()) {
      const drawn = drawWait();
      const startedAt = clock.now();
      const server = endpointOf(key);
      if (server !== undefined) {
        await this.#tryInTurn(server);
      }
      this.#noteTried(key);
      if (server === undefined || this.#hasEnded()) {
        return;
      }
      // From one start to the next, so that the time that a silent server takes is not waited for twice.
      const tookMs = clock.now() - startedAt;
      await waits.wait((fleet) => drawn(fleet) - tookMs, this.#ended.signal);
    }
  }

  async #tryInTurn(server: ServerEndpoint): Promise<void> {
    if (this.#freePlaces === 0) {
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    } else {
      this.#freePlaces -= 1;
    }
    if (!this.#hasEnded()) {
      await this.#try(server);
    }
    const next = this.#queue.shift();
    if (next === undefined) {
      this.#freePlaces += 1;
    } else {
      next();
    }
  }

  async #try(server: ServerEndpoint): Promise<void> {
    const { onAnswer, onSilence, ping } = this.#ports;
    const answers = await ping(server, this.#ended.signal).then(
      () => true,
      () => false,
    );
    if (!this.#hasEnded()) {
      (answers ? onAnswer : onSilence)(server);
    }
  }

  #noteTried(key: string): void {
    if (!this.#hasEnded() && this.#untried.delete(key) && this.#untried.size === 0) {
      this.#ports.onConfirmed();
    }
  }

  #hasEnded(): boolean {
    return this.#ended.signal.aborted;
  }
}
