/** One stream for all tabs of a browser: whoever holds the lock reads it, and tells the others. */
import type { Clock, Random } from "../../core/ports.ts";
import { delay } from "../../core/time/delay.ts";
import type { EventBatch } from "../model/event-log.ts";
import type { NewsSource } from "./news-sources.ts";

/** Calls back when this tab has its turn, until `signal` is aborted; then the next tab has it. */
export type TakeTurns = (signal: AbortSignal, whileItLasts: () => Promise<void>) => Promise<void>;

/** Reaches the other tabs, not this one. */
export interface TabChannel {
  post(message: TabMessage): void;
  /** @returns the function that ends it. */
  listen(heard: (message: TabMessage) => void): () => void;
}

export type TabMessage =
  | { readonly kind: "batch"; readonly batch: EventBatch }
  /** The stream has ended: who listens looks itself. */
  | { readonly kind: "lost" };

export interface NewsListener {
  /** Index after which this tab needs events. */
  cursor(): number;
  took(batch: EventBatch): void;
  lost(): void;
}

/** Browsers of a fleet of screens do not come back in one moment. */
const AGAIN_MS = { least: 1_000, most: 4_000 };

interface SharedNewsPorts {
  readonly follow: NewsSource;
  readonly takeTurns: TakeTurns;
  readonly channel: TabChannel;
  readonly clock: Clock;
  readonly random: Random;
}

/** Hears what happens while `run` goes on: from the agent, or from the tab that does. */
export class SharedNews {
  readonly #ports: SharedNewsPorts;
  readonly #listener: NewsListener;

  constructor(listener: NewsListener, ports: SharedNewsPorts) {
    this.#listener = listener;
    this.#ports = ports;
  }

  /** Resolves when `signal` is aborted, and nothing is open. */
  async run(signal: AbortSignal): Promise<void> {
    const { channel, takeTurns } = this.#ports;
    const stopListening = channel.listen((message) => {
      if (message.kind === "lost") {
        this.#listener.lost();
      } else {
        this.#listener.took(message.batch);
      }
    });
    try {
      await takeTurns(signal, () => this.#lead(signal));
    } catch (error) {
      // The wait for the turn was given up.
      if (!signal.aborted) {
        throw error;
      }
    } finally {
      stopListening();
    }
  }

  async #lead(signal: AbortSignal): Promise<void> {
    const { channel, clock, random } = this.#ports;
    let pauseMs = AGAIN_MS.least;
    for (;;) {
      const hasHeard = await this.#follow(signal);
      if (signal.aborted) {
        return;
      }
      pauseMs = hasHeard ? AGAIN_MS.least : Math.min(pauseMs * 2, AGAIN_MS.most);
      this.#listener.lost();
      channel.post({ kind: "lost" });
      await delay(clock, pauseMs * (1 + random()), signal);
    }
  }

  /** @returns whether the agent answered before it was lost. */
  async #follow(signal: AbortSignal): Promise<boolean> {
    const { channel, follow } = this.#ports;
    let hasHeard = false;
    const deliver = (batch: EventBatch) => {
      hasHeard = true;
      this.#listener.took(batch);
      if (batch.items.length > 0) {
        channel.post({ kind: "batch", batch });
      }
    };
    // Why it is lost shows at the next read, which everybody does then.
    await follow(this.#listener.cursor(), deliver, signal).catch(() => undefined);
    return hasHeard;
  }
}
