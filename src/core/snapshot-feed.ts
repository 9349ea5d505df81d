import type { Logger } from "./ports.ts";
import type { Cause, Difference, Snapshot } from "./snapshot.ts";

/** One line of the history: what changed, and why. */
export interface Change {
  readonly revision: number;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly cause: Cause;
  /** Keys of servers, of each kind the first 32 only: see `counts`. */
  readonly difference: Difference;
  /** How many servers came, left and moved. */
  readonly counts: Readonly<Record<keyof Difference, number>>;
  /** Keys of the heads after and before. */
  readonly head: string | undefined;
  readonly previousHead: string | undefined;
}

/** Called synchronously after each change, in order; what it throws is logged and changes nothing. */
export type SnapshotListener = (next: Snapshot, previous: Snapshot) => void;

/**
 * Changes kept in memory: at one failure a second, the last four minutes; some 100 KB, below 2 MB at any number of
 * servers.
 */
const HISTORY_LENGTH = 256;

/** A rebalance of 10,000 servers moves nearly all of them: 256 such lists of keys would be 20 MB. */
const KEYS_KEPT = 32;

/** Tells listeners of each new snapshot, and remembers why the last ones came about. */
export class SnapshotFeed {
  readonly #logger: Logger;
  readonly #listeners = new Set<{ readonly tell: SnapshotListener }>();
  readonly #undelivered: [Snapshot, Snapshot][] = [];
  readonly #history: Change[] = [];
  #delivering = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * A listener that subscribes twice is told twice. @returns the function that ends this subscription, and no other.
   */
  subscribe(listener: SnapshotListener): () => void {
    const subscription = { tell: listener };
    this.#listeners.add(subscription);
    return () => {
      this.#listeners.delete(subscription);
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
      for (const { tell } of this.#listeners) {
        this.#tell(tell, ...change);
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
    this.#history.push(changeOf(next, previous));
    if (this.#history.length > HISTORY_LENGTH) {
      this.#history.shift();
    }
  }
}

/** What made the next snapshot of the previous one. */
export function changeOf(next: Snapshot, previous: Snapshot): Change {
  const { revision, at, cause, difference } = next;
  const head = next.head?.key;
  const previousHead = previous.head?.key;
  return Object.freeze({ revision, at, cause, ...keptOf(difference), head, previousHead });
}

function keptOf({ added, removed, moved }: Difference): Pick<Change, "difference" | "counts"> {
  return {
    difference: Object.freeze({ added: firstOf(added), removed: firstOf(removed), moved: firstOf(moved) }),
    counts: Object.freeze({ added: added.length, removed: removed.length, moved: moved.length }),
  };
}

function firstOf(keys: readonly string[]): readonly string[] {
  return keys.length <= KEYS_KEPT ? keys : Object.freeze(keys.slice(0, KEYS_KEPT));
}
