import type { Logger } from "./ports.ts";
import type { Cause, Difference, Snapshot } from "./snapshot.ts";

/** One line of the history: what changed, and why. */
export interface Change {
  readonly revision: number;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly cause: Cause;
  readonly difference: Difference;
  /** Keys of the heads after and before. */
  readonly head: string | undefined;
  readonly previousHead: string | undefined;
}

/** Called synchronously after each change, in order; what it throws is logged and changes nothing. */
export type SnapshotListener = (next: Snapshot, previous: Snapshot) => void;

/** Changes kept in memory: at one failure a second, the last four minutes; some 100 KB. */
const HISTORY_LENGTH = 256;

/** Tells listeners of each new snapshot, and remembers why the last ones came about. */
export class SnapshotFeed {
  readonly #logger: Logger;
  readonly #listeners = new Set<SnapshotListener>();
  readonly #undelivered: [Snapshot, Snapshot][] = [];
  readonly #history: Change[] = [];
  #delivering = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @returns the function that ends the subscription. */
  subscribe(listener: SnapshotListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  history(): readonly Change[] {
    return [...this.#history];
  }

  /** A listener may itself cause a change: changes are queued, so that every listener sees them in order. */
  publish(next: Snapshot, previous: Snapshot): void {
    this.#remember(next, previous);
    this.#undelivered.push([next, previous]);
    if (this.#delivering) {
      return;
    }
    this.#delivering = true;
    for (let change = this.#undelivered.shift(); change !== undefined; change = this.#undelivered.shift()) {
      for (const listener of this.#listeners) {
        this.#tell(listener, ...change);
      }
    }
    this.#delivering = false;
  }

  #tell(listener: SnapshotListener, next: Snapshot, previous: Snapshot): void {
    try {
      listener(next, previous);
    } catch (error) {
      this.#logger.error({ err: error }, "a listener to the server list threw");
    }
  }

  #remember(next: Snapshot, previous: Snapshot): void {
    const { revision, at, cause, difference } = next;
    const head = next.head?.key;
    const previousHead = previous.head?.key;
    this.#history.push(Object.freeze({ revision, at, cause, difference, head, previousHead }));
    if (this.#history.length > HISTORY_LENGTH) {
      this.#history.shift();
    }
  }
}
