/** The face that a pool shows to views: read on demand, and told of only when the list is another one. */
import type { Snapshot } from "./snapshot.ts";

/**
 * `starting`: no server yet, and a source has yet to report for the first time. `empty`: no server, and nothing that is
 * waited for. `stale`: a remembered head, which no live source names.
 */
export type ListState = "starting" | "empty" | "live" | "stale";

/** Whatever has to be ready before the agent is. */
export interface Ready {
  isReady(): boolean;
}

/** What a view that shows lists sees of a pool. */
export interface ShownPool {
  readonly name: string;
  snapshot(): Snapshot;
  /** The state of the present snapshot. */
  listState(): ListState;
  /** Calls back after each change of the list or of its state. @returns the function that ends it. */
  subscribe(changed: () => void): () => void;
}

export function listStateOf({ head, members }: Snapshot, isStarting: boolean): ListState {
  if (head === undefined) {
    return isStarting ? "starting" : "empty";
  }
  const sources = Object.keys(members.get(head.key)?.claims ?? {});
  return sources.every((source) => source === "state-file") ? "stale" : "live";
}
