/** Reports of failures from client programs: their words, and what is pure of what becomes of them. */
import type { Fleet } from "./fleet.ts";
import { RecentMap } from "./recent-map.ts";
import { checkIntervalMs } from "./time/fleet-pace.ts";
import { FRESH_PACE, type Pace, type PaceRule, take } from "./time/pace.ts";

/** `confirmed`: our own question failed, too; `refuted`: it was answered; `noted`: nobody was asked. */
export const REPORT_VERDICTS = ["confirmed", "refuted", "noted"] as const;

export type ReportVerdict = (typeof REPORT_VERDICTS)[number];

/** A program says that a server fails. Texts are printable. */
export interface FailureReport {
  /** The server's key. */
  readonly server: string;
  /** Who says it: the name that it gives itself, or where it asks from. */
  readonly client: string;
  /** Whose reports are limited together: where it asks from. */
  readonly source: string;
  readonly reason?: string | undefined;
  /** When it failed: milliseconds since the Unix epoch. Absent: now. */
  readonly observedAt?: number | undefined;
}

export type ReportAnswer =
  | { readonly kind: "unknown-server" }
  /** So many milliseconds too soon. */
  | { readonly kind: "too-soon"; readonly waitMs: number }
  | {
      readonly kind: "answered";
      readonly verdict: ReportVerdict;
      /** The head now. */
      readonly head: string | undefined;
      /** Absent when the head was not asked. */
      readonly checkedMs?: number | undefined;
      /** One sentence for people. */
      readonly text: string;
    };

/** A source reports once a second in the long run, and five times at once. */
const SOURCE_RULE: PaceRule = { minIntervalMs: 1_000, burst: 4 };

/** Sources that are remembered: 1 MB. Of more, the one that reported longest ago may begin anew. */
const MOST_SOURCES = 10_000;

/** How often each source may report. */
export class SourceLimits {
  readonly #paces = new RecentMap<Pace>(MOST_SOURCES);

  get size(): number {
    return this.#paces.size;
  }

  /** Takes a report, unless it comes too soon. @returns the milliseconds that it has to wait; 0: it was taken. */
  take(source: string, now: number): number {
    const { pace, waitMs } = take(this.#paces.get(source) ?? FRESH_PACE, now, SOURCE_RULE);
    this.#paces.set(source, pace);
    return waitMs;
  }
}

/** How often a pool's servers are asked because of reports, whoever sends them: 5 times a second in a small fleet. */
export class CheckLimit {
  #pace: Pace = FRESH_PACE;

  /** As `SourceLimits.take`. A large fleet has no burst: all its agents would use it in one moment. */
  take(fleet: Fleet, now: number): number {
    const minIntervalMs = checkIntervalMs(fleet);
    const rule = { minIntervalMs, burst: Math.max(0, Math.floor(1_000 / minIntervalMs) - 1) };
    const { pace, waitMs } = take(this.#pace, now, rule);
    this.#pace = pace;
    return waitMs;
  }
}
