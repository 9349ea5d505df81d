import type { CatalogFailure } from "../../net/consul/catalog.ts";

/** Which failures the log has warned of: an immutable value. */
export interface ToldFailures {
  /** The kinds of failures that were told since the last answer, each once. */
  readonly inOutage: readonly string[];
  /** When, by `Clock.now`, each kind was last told. */
  readonly at: Readonly<Record<string, number>>;
}

export const NOTHING_TOLD: ToldFailures = { inOutage: [], at: {} };

/**
 * Milliseconds between two lines of one kind: a Consul that fails every other query makes 12 lines a minute, not
 * hundreds.
 */
const TOLD_EVERY_MS = 10_000;

/** What is told after a failure: the same value when a failure of its kind was told in this outage, or just before. */
export function afterToldFailure(told: ToldFailures, failure: CatalogFailure, nowMs: number): ToldFailures {
  const kind = kindOf(failure);
  const toldAt = told.at[kind] ?? Number.NEGATIVE_INFINITY;
  return told.inOutage.includes(kind) || nowMs - toldAt < TOLD_EVERY_MS
    ? told
    : { inOutage: [...told.inOutage, kind], at: { ...told.at, [kind]: nowMs } };
}

/** What is told after an answer, or at the start: the outage is over. */
export function afterOutage({ at }: ToldFailures): ToldFailures {
  return { inOutage: [], at };
}

/** A restart shows as a reset, then as nobody listening: one outage without an answer, not two. */
function kindOf({ code }: CatalogFailure): string {
  return ["unreachable", "reset", "cut-body", "timeout"].includes(code) ? "no-answer" : code;
}
