import { printable } from "./printable.ts";

/** What a source offered and cannot be used. */
export interface Unusable {
  /** What it is known by: the same one is told of once while it stays. */
  readonly id: string;
  readonly reason: string;
}

/** Named in one line; the rest is counted. A line is at most 3 × 400 characters and some, whatever was offered. */
const NAMED = 3;

/** An ID's part of the line: Consul's own IDs of Nomad's services have about 70 characters. */
const LONGEST_ID = 100;

/**
 * Milliseconds between two lines. A service whose instances all change with each deployment, a hundred a minute, makes
 * one line a minute; what was new in between is in the next one.
 */
const TOLD_EVERY_MS = 60_000;

/** Says once what is left out, for as long as it stays, and again when it is gone and comes back. */
export class LeftOut {
  #told: ReadonlySet<string> = new Set();
  #toldAt = Number.NEGATIVE_INFINITY;

  /** @returns what to tell of now: the first new ones with their reasons, and how many others there are. */
  news(present: readonly Unusable[], nowMs: number): string | undefined {
    const ids = new Set(present.map(({ id }) => printable(id, LONGEST_ID)));
    this.#told = new Set([...this.#told].filter((id) => ids.has(id)));
    const fresh = present.filter(({ id }) => !this.#told.has(printable(id, LONGEST_ID)));
    if (fresh.length === 0 || nowMs - this.#toldAt < TOLD_EVERY_MS) {
      return undefined;
    }
    this.#told = ids;
    this.#toldAt = nowMs;
    const named = fresh.slice(0, NAMED);
    const others = present.length - named.length;
    const texts = named.map(({ id, reason }) => `${printable(id, LONGEST_ID)}: ${printable(reason)}`);
    return others === 0 ? texts.join("; ") : `${texts.join("; ")}; and ${others} more`;
  }
}
