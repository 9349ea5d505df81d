import { delay } from "../core/delay.ts";
import type { Clock } from "../core/ports.ts";
import type { ServerEndpoint } from "../core/server-endpoint.ts";

/** Servers tried at the same time: with 500 ms for each, 1,000 silent servers take 31 s a round. */
const PROBES_AT_ONCE = 16;

export interface OutagePorts {
  readonly clock: Clock;
  /** Milliseconds between two rounds, asked for before each. */
  readonly intervalMs: () => number;
  /** The servers to try, asked for at each round. */
  readonly servers: () => readonly ServerEndpoint[];
  /** Rejects when the server does not answer. */
  readonly ping: (server: ServerEndpoint, signal: AbortSignal) => Promise<void>;
  readonly onAnswer: (server: ServerEndpoint) => void;
  readonly onSilence: (server: ServerEndpoint) => void;
  /** Called once, when the first round brought no answer. */
  readonly onConfirmed: () => void;
}

/**
 * While every server counts as down: tries them all, at once, because what is known of some of them may be old, and then
 * again and again, until it is ended. Nothing is called after `end`.
 */
export class Outage {
  readonly #ports: OutagePorts;
  readonly #ended = new AbortController();

  constructor(ports: OutagePorts) {
    this.#ports = ports;
  }

  start(): void {
    void this.#run();
  }

  end(): void {
    this.#ended.abort();
  }

  async #run(): Promise<void> {
    const { clock, intervalMs, onConfirmed } = this.#ports;
    for (let isConfirmed = false; !this.#hasEnded(); isConfirmed = true) {
      await this.#tryEach();
      if (!isConfirmed && !this.#hasEnded()) {
        onConfirmed();
      }
      await delay(clock, intervalMs(), this.#ended.signal);
    }
  }

  async #tryEach(): Promise<void> {
    const servers = [...this.#ports.servers()];
    const worker = async () => {
      for (
        let server = servers.shift();
        server !== undefined && !this.#hasEnded();
        server = servers.shift()
      ) {
        await this.#try(server);
      }
    };
    await Promise.all(Array.from({ length: PROBES_AT_ONCE }, worker));
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

  #hasEnded(): boolean {
    return this.#ended.signal.aborted;
  }
}
