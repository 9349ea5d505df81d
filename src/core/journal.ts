import type { AgentEvent, JournalEvent, Note } from "./journal-event.ts";
import { messageOf } from "./message-of.ts";
import type { Clock, Logger } from "./ports.ts";
import { wallTimeOf } from "./time/wall-time.ts";

/** One line of the journal. */
export interface JournalEntry {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** Absent when the event is of the agent itself. */
  readonly pool?: string;
  readonly event: JournalEvent;
}

/** Called for each entry, in order; what it throws is logged and changes nothing. */
export type JournalListener = (entry: JournalEntry) => void;

/**
 * Everything noteworthy that happened in the agent, in order. The log, the timeline and metrics are views of it, which
 * keep what they need.
 */
export class Journal {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #listeners = new Set<{ readonly tell: JournalListener }>();
  readonly #untold: JournalEntry[] = [];
  #isTelling = false;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Takes what is noteworthy of this pool. */
  of(pool: string): Note {
    return (event) => {
      this.#add({ at: wallTimeOf(this.#clock), pool, event });
    };
  }

  /** Takes what is noteworthy of the agent itself. */
  note(event: AgentEvent): void {
    this.#add({ at: wallTimeOf(this.#clock), event });
  }

  /** @returns the function that ends this subscription, and no other. */
  subscribe(listener: JournalListener): () => void {
    const subscription = { tell: listener };
    this.#listeners.add(subscription);
    return () => {
      this.#listeners.delete(subscription);
    };
  }

  /** A listener may itself note: entries are queued, so that every listener sees them in order. */
  #add(entry: JournalEntry): void {
    this.#untold.push(Object.freeze(entry));
    if (this.#isTelling) {
      return;
    }
    this.#isTelling = true;
    for (let next = this.#untold.shift(); next !== undefined; next = this.#untold.shift()) {
      for (const { tell } of this.#listeners) {
        this.#tell(tell, next);
      }
    }
    this.#isTelling = false;
  }

  #tell(listener: JournalListener, entry: JournalEntry): void {
    try {
      listener(entry);
    } catch (error) {
      this.#logger.error({ reason: messageOf(error) }, "a listener to the journal threw");
    }
  }
}
