import type { Journal, JournalEntry } from "../journal.ts";
import { messageOf } from "../message-of.ts";
import type { Logger } from "../ports.ts";
import { RecentMap } from "../recent-map.ts";
import { rfc3339 } from "../time/rfc3339.ts";
import type { TimelineEvent } from "./timeline-event.ts";
import { toldOf } from "./told.ts";

/** Events kept: at one failure a second, with four events each, the last four minutes. */
const EVENTS_KEPT = 1_024;

/** Bytes of kept events as JSON: an event of a list of 10,000 has 32 keys of each kind at most. */
const BYTES_KEPT = 1_048_576;

/** The same within this time, in milliseconds, is told the 1st, 2nd, 4th, 8th … time. */
const SAME_WITHIN_MS = 600_000;

/** Subjects whose repeats are counted; of more, the one that came up longest ago is forgotten. */
const SUBJECTS_KEPT = 4_096;

/** An event, and its JSON: made once, however many read it. */
export interface Kept {
  readonly event: TimelineEvent;
  readonly json: string;
}

/** What a reader missed, when it had read up to `after`: events that are no longer kept. */
export interface Gap {
  readonly kind: "gap";
  readonly after: number;
  /** The first event that is still kept; `null`: none is. */
  readonly oldest: number | null;
  /** How many are missing; `null` when the cursor is not of this agent's life. */
  readonly lost: number | null;
}

/** Called for each event, in order; what it throws is logged and changes nothing. */
type TimelineListener = (kept: Kept) => void;

/**
 * What happened, for people and programs: a view of the journal in which each event has an index that rises also across
 * restarts. Readers go on from an index without a gap that they are not told of.
 */
export class Timeline {
  readonly #logger: Logger;
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  /** Index before the first event. */
  #base: number;
  /** Of former lives, oldest first: of these not all are there. */
  #remembered: readonly Kept[] = [];
  readonly #kept: Kept[] = [];
  readonly #repeats = new RecentMap<{
    readonly firstAt: number;
    readonly lastAt: number;
    readonly count: number;
  }>(SUBJECTS_KEPT);
  readonly #listeners = new Set<TimelineListener>();
  readonly #lastOfPool = new Map<string, number>();
  #bytes = 0;
  #count = 0;

  /** @param startedAt milliseconds since the Unix epoch: of a former life no index is above it, or see `resume`. */
  constructor(startedAt: number, logger: Logger) {
    this.startedAt = startedAt;
    this.#base = startedAt;
    this.#logger = logger;
  }

  /** Before the first event: goes on above the last index of former lives, of which these events are kept. */
  resume(lastIndex: number, remembered: readonly TimelineEvent[]): void {
    this.#base = Math.max(this.#base, lastIndex + 1);
    this.#remembered = remembered
      .filter(({ index }) => index <= lastIndex)
      .toSorted((one, other) => one.index - other.index)
      .map((event) => ({ event: Object.freeze({ ...event }), json: JSON.stringify(event) }));
  }

  /** Follows the journal from now on. @returns the function that ends it. */
  follow(journal: Journal): () => void {
    return journal.subscribe((entry) => {
      this.#add(entry);
    });
  }

  /** Of the last event; before the first, the moment of the start in milliseconds, or above what was before. */
  get index(): number {
    return this.#base + this.#count;
  }

  /** Of the last event of this pool. */
  indexOf(pool: string): number {
    return this.#lastOfPool.get(pool) ?? this.#base;
  }

  /** Events that are no longer kept. */
  get dropped(): number {
    return this.#count - this.#kept.length;
  }

  /** Who is told of events now. */
  get readers(): number {
    return this.#listeners.size;
  }

  /** What is kept, oldest first. */
  events(): readonly Kept[] {
    return [...this.#remembered, ...this.#kept];
  }

  /**
   * What came after that index, oldest first, and what is missing between. An index above every one that there is comes
   * from another life of the agent, or of another agent: all that is kept is news then.
   */
  after(index: number): { readonly gap: Gap | undefined; readonly events: readonly Kept[] } {
    const first = this.#base + this.dropped + 1;
    if (index >= first - 1 && index <= this.index) {
      return { gap: undefined, events: this.#kept.slice(index - first + 1) };
    }
    const isOurs = index >= this.#base && index <= this.index;
    const isFromTheBeginning = index === 0 && this.dropped === 0;
    const held = this.events();
    const events = index > this.index ? held : held.filter(({ event }) => event.index > index);
    const gap: Gap = {
      kind: "gap",
      after: index,
      oldest: events[0]?.event.index ?? null,
      lost: isOurs ? first - 1 - index : index === 0 ? this.dropped : null,
    };
    return { gap: isFromTheBeginning ? undefined : gap, events };
  }

  /** @returns the function that ends this subscription. */
  subscribe(listener: TimelineListener): () => void {
    const own: TimelineListener = (kept) => {
      listener(kept);
    };
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  #add(entry: JournalEntry): void {
    const told = toldOf(entry);
    const repeats = told && this.#countRepeats(told, entry);
    if (told === undefined || repeats === undefined) {
      return;
    }
    this.#count += 1;
    const { fields, kind, severity, summary } = told;
    const event: TimelineEvent = Object.freeze({
      index: this.index,
      at: rfc3339(entry.at),
      pool: entry.pool ?? null,
      kind,
      severity,
      summary,
      ...fields,
      ...repeats,
    });
    const kept = { event, json: JSON.stringify(event) };
    if (entry.pool !== undefined) {
      this.#lastOfPool.set(entry.pool, this.index);
    }
    this.#keep(kept);
    for (const tell of this.#listeners) {
      this.#tell(tell, kept);
    }
  }

  /** What the event says of its repeats; `undefined`: it is not told this time. */
  #countRepeats(
    { kind, subject }: { readonly kind: string; readonly subject?: string },
    { at, pool }: JournalEntry,
  ): { readonly repeats?: number; readonly first_at?: string } | undefined {
    if (subject === undefined) {
      return {};
    }
    const key = `${pool ?? ""} ${kind} ${subject}`;
    const before = this.#repeats.get(key);
    if (before === undefined || at - before.lastAt >= SAME_WITHIN_MS) {
      this.#repeats.set(key, { firstAt: at, lastAt: at, count: 1 });
      return {};
    }
    const count = before.count + 1;
    this.#repeats.set(key, { firstAt: before.firstAt, lastAt: at, count });
    return Number.isInteger(Math.log2(count))
      ? { repeats: count, first_at: rfc3339(before.firstAt) }
      : undefined;
  }

  #keep(kept: Kept): void {
    this.#kept.push(kept);
    this.#bytes += kept.json.length;
    while (this.#kept.length > EVENTS_KEPT || (this.#bytes > BYTES_KEPT && this.#kept.length > 1)) {
      this.#bytes -= this.#kept.shift()?.json.length ?? 0;
    }
  }

  #tell(listener: TimelineListener, kept: Kept): void {
    try {
      listener(kept);
    } catch (error) {
      this.#logger.error({ reason: messageOf(error) }, "a reader of the timeline threw");
    }
  }
}
