/** What the timeline tells: one object for HTTP, the command line and the page, as they show it. */
import type { Cause, Tier } from "../snapshot.ts";

export type Severity = "info" | "warn" | "error";

/** What every event says besides what its kind has. Readers take kinds and fields that they do not know as they are. */
interface TimelineHead {
  /** Rises from event to event, also across restarts of the agent. */
  readonly index: number;
  /** RFC 3339, UTC, milliseconds. */
  readonly at: string;
  /** `null`: of the agent itself. */
  readonly pool: string | null;
  readonly kind: string;
  readonly severity: Severity;
  /** One line for people. */
  readonly summary: string;
  /** How often the same was the case within ten minutes, this time included; absent the first time. */
  readonly repeats?: number;
  /** When it was the case first; absent the first time. */
  readonly first_at?: string;
}

export type TimelineEvent = TimelineHead & Readonly<Record<string, unknown>>;

/** What an event of the journal says, before it has a place in the timeline. */
export interface Told {
  readonly kind: string;
  readonly severity: Severity;
  readonly summary: string;
  /** What is repeated when it is told again with the same kind; absent: each is told. */
  readonly subject?: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** As JSON shows it. */
export interface ShownCause {
  readonly occurrence: string;
  readonly source: string;
  readonly server: string | null;
  readonly reason: string | null;
}

export function shownCause({ occurrence, reason, server, source }: Cause): ShownCause {
  return { occurrence, source, server: server ?? null, reason: reason ?? null };
}

/** The cause in a few words: "127.0.0.1:1 failed (connection refused)". */
export function causeInWords({ occurrence, reason, server, source }: Cause): string {
  const what =
    server === undefined ? (WORDS[occurrence] ?? occurrence) : `${server} ${VERBS[occurrence] ?? occurrence}`;
  return reason === undefined ? `${what}, says ${source}` : `${what} (${reason})`;
}

const WORDS: Readonly<Partial<Record<Cause["occurrence"], string>>> = {
  "backups-reported": "a list of backups came",
  "configuration-changed": "the configuration changed",
  "heartbeat-received": "a heartbeat came",
  "primary-added": "a primary was added",
  rebalanced: "a rebalance",
  started: "the agent started",
};

const VERBS: Readonly<Partial<Record<Cause["occurrence"], string>>> = {
  "heartbeat-received": "sent a heartbeat",
  "primary-added": "was added as a primary",
  "server-admitted": "was admitted again",
  "server-barred": "was barred",
  "server-failed": "failed",
  "server-found": "got an address",
  "server-removed": "was removed",
  "server-resolved": "has other addresses",
};

export function tierInWords(tier: Tier | undefined): string {
  return tier === undefined ? "" : ` (${tier})`;
}
