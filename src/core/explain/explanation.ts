/** Why a server is the head, who is not and why, and what happens next: as JSON shows it. */
import type { TimelineEvent } from "../timeline/timeline-event.ts";

export interface Reason {
  readonly code: string;
  readonly text: string;
  /** RFC 3339; `null`: no moment of its own. */
  readonly at: string | null;
  /** Index of the event in the timeline; `null`: none is kept. */
  readonly event: number | null;
}

export interface NotHead {
  readonly code:
    | "later-in-order"
    | "down"
    | "down-in-this-pass"
    | "penalised"
    | "backup-while-primary"
    | "closes-at-once"
    | "newer-api"
    | "other-region"
    | "unresolvable";
  readonly text: string;
  readonly until_at: string | null;
}

/** When a server would be head. `chance`: of being chosen, where it is a choice. */
export interface WouldBeHead {
  readonly if: string;
  readonly chance: number | null;
  readonly text: string;
}

export interface OtherServer {
  readonly address: string;
  /** From 1; `null`: it is not listed. */
  readonly position: number | null;
  readonly not_head: readonly NotHead[];
  readonly would_be_head: readonly WouldBeHead[];
}

export interface NextEvent {
  readonly code: string;
  readonly server: string | null;
  readonly at: string;
  readonly may_change_head: boolean;
  readonly text: string;
}

/** A dry run. `candidates`: servers that may be head then, with their chances as far as these are known. */
export interface WhatIf {
  readonly if: string;
  /** `null`: no server would be, or which one is not known before it happens. */
  readonly head: string | null;
  readonly candidates: readonly { readonly address: string; readonly chance: number | null }[];
  readonly text: string;
}

/** What DNS answers to the question for the pool's head. */
export interface DnsAnswer {
  /** Name and type. */
  readonly question: string;
  /** `target:port`; `null` without a head. */
  readonly answer: string | null;
  readonly rcode: string;
  /** RFC 8914. */
  readonly extended_error: { readonly code: number; readonly text: string } | null;
  readonly ttl_s: number | null;
}

/** As an explanation shows it: of many candidates the first 64. */
export interface ShownWhatIf extends WhatIf {
  readonly candidates_total: number;
}

export interface Explanation {
  readonly pool: string;
  readonly at: string;
  readonly index: number;
  readonly head: string | null;
  readonly state: string;
  readonly verdict: string;
  readonly dns: DnsAnswer;
  readonly because: readonly Reason[];
  readonly others: readonly OtherServer[];
  /** Servers that are listed, and how many of them `others` tells of. */
  readonly others_total: number;
  readonly what_if: readonly ShownWhatIf[];
  readonly next: readonly NextEvent[];
  readonly limits: readonly { readonly code: string; readonly text: string }[];
  /** The last changes of the head, the newest first. */
  readonly recent: readonly TimelineEvent[];
}
