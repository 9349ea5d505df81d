/** The timeline as the page holds it: bounded, in order, nothing twice, and no gap untold. */
import type { EventReply, GapReply } from "./replies.ts";

/** As many as the agent holds: at 10 events a second the memory is the same after an hour. */
const EVENTS_HELD = 1_024;

export type LogItem = EventReply | GapReply;

export interface EventLog {
  /** Oldest first. */
  readonly items: readonly LogItem[];
  /** Index of the last event; what comes next is asked for after it. `undefined`: nothing was read yet. */
  readonly last: number | undefined;
  /** Items that were taken ever: for whoever counts what came meanwhile. */
  readonly taken: number;
}

export const EMPTY_LOG: EventLog = { items: [], last: undefined, taken: 0 };

/** Events that came after the one with the index `after`, as the agent gave them. */
export interface EventBatch {
  readonly after: number;
  readonly items: readonly LogItem[];
}

export function isGap(item: LogItem): item is GapReply {
  return item.kind === "gap";
}

/** Whether nothing is missing between what is held and the batch. */
export function isNext(log: EventLog, { after }: EventBatch): boolean {
  return log.last !== undefined && after <= log.last;
}

/** With what is new in the batch. An unchanged log is the identical one. */
export function withBatch(log: EventLog, { items }: EventBatch): EventLog {
  let { last } = log;
  const fresh: LogItem[] = [];
  for (const item of items) {
    if (isGap(item)) {
      // The cursor came from another life of the agent, whose indices may be lower.
      last = item.lost === null && item.oldest !== null ? item.oldest - 1 : last;
      fresh.push(item);
    } else if (last === undefined || item.index > last) {
      last = item.index;
      fresh.push(item);
    }
  }
  if (fresh.length === 0) {
    return log.last === undefined ? { ...log, last: 0 } : log;
  }
  return {
    items: lastOf([...log.items, ...fresh]),
    last: last ?? 0,
    taken: log.taken + fresh.length,
  };
}

/** A gap takes no event's place: the agent gives it with as many as are held. */
function lastOf(items: readonly LogItem[]): readonly LogItem[] {
  const before = items.at(-EVENTS_HELD - 1);
  return items.slice(before !== undefined && isGap(before) ? -EVENTS_HELD - 1 : -EVENTS_HELD);
}

/** When the log begins. */
export function reachesBackTo({ items }: EventLog): string | undefined {
  return items.find((item): item is EventReply => !isGap(item))?.at;
}

export interface LogFilter {
  /** Empty: all. */
  readonly kind: string;
  readonly pool: string;
  readonly severity: string;
}

export const NO_FILTER: LogFilter = { kind: "", pool: "", severity: "" };

const SEVERITIES = ["info", "warn", "error"];

/** Newest first; gaps are shown whatever is filtered. */
export function filtered(items: readonly LogItem[], { kind, pool, severity }: LogFilter): readonly LogItem[] {
  const least = SEVERITIES.indexOf(severity);
  return items
    .filter(
      (item) =>
        isGap(item) ||
        ((kind === "" || item.kind === kind) &&
          (pool === "" || item.pool === pool) &&
          SEVERITIES.indexOf(item.severity) >= least),
    )
    .toReversed();
}

/** The kinds that are held, in order. */
export function kindsIn(items: readonly LogItem[]): readonly string[] {
  return [...new Set(items.filter((item) => !isGap(item)).map(({ kind }) => kind))].toSorted();
}

/** The last event that happened by then: the state at that moment followed from it. In ms since 1970. */
export function eventBefore(items: readonly LogItem[], time: number): EventReply | undefined {
  return items.findLast((item): item is EventReply => !isGap(item) && Date.parse(item.at) <= time);
}

/** What is gone from the timeline. */
export function gapInWords({ after, lost, oldest }: GapReply): string {
  const what = lost === null ? "events are" : lost === 1 ? "1 event is" : `${lost} events are`;
  return `${what} gone between index ${after} and ${oldest ?? "?"}`;
}
