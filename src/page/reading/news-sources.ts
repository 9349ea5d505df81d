/** Two ways to hear what happens: a stream, and for browsers that share none, reads that wait. */
import type { EventBatch, LogItem } from "../model/event-log.ts";
import { readJson, readLines } from "./agent-reader.ts";

/** Follows the timeline until the connection is lost, the agent refuses, or `signal` is aborted. */
export type NewsSource = (
  after: number,
  deliver: (batch: EventBatch) => void,
  signal: AbortSignal,
) => Promise<void>;

/** The agent gives a sign of life every 15 s. */
const LONGEST_SILENCE_MS = 40_000;

/**
 * One connection for as long as it lasts. Lines of JSON and not a browser's own event source: that hears only kinds
 * that it knows beforehand, no signs of life, and not why it is refused.
 */
export const followStream: NewsSource = async (after, deliver, signal) => {
  let cursor = after;
  const path = `/v1/events?after=${after}`;
  for await (const lines of readLines(path, "application/x-ndjson", LONGEST_SILENCE_MS, signal)) {
    const items = lines
      .filter((line) => line !== "" && line !== "{}")
      .map((line) => JSON.parse(line) as LogItem);
    if (signal.aborted) {
      return;
    }
    deliver({ after: cursor, items });
    cursor = lastIndexOf(items) ?? cursor;
  }
};

/** A read that the agent answers when there is news: then what is new. */
export const followByReads: NewsSource = async (after, deliver, signal) => {
  let cursor = after;
  while (!signal.aborted) {
    const items = await readEvents(cursor, signal);
    deliver({ after: cursor, items });
    cursor = lastIndexOf(items) ?? cursor;
    // Answered within the patience of a read.
    await readJson(`/v1/pools?index=${cursor}&wait=6s`, signal);
  }
};

/** What is held after that index. */
export function readEvents(after: number, signal: AbortSignal): Promise<readonly LogItem[]> {
  return readJson<readonly LogItem[]>(`/v1/events?after=${after}`, signal);
}

function lastIndexOf(items: readonly LogItem[]): number | undefined {
  const last = items.at(-1);
  return last !== undefined && "index" in last ? last.index : undefined;
}
