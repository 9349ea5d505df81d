/** What the page reads over HTTP, as the server describes it. */
import type * as z from "zod";
import type { REPLIES } from "../../views/http/schemas/reply-schemas.ts";

type Reply<Name extends keyof typeof REPLIES> = z.infer<(typeof REPLIES)[Name]>;

export type SelfReply = Reply<"Self">;
export type StatusReply = Reply<"Status">;
export type ProblemReply = StatusReply["problems"][number];
export type PoolSummaryReply = Reply<"Pools">["pools"][number];
export type ServerReply = Reply<"Pool">["servers"][number];
export type SourceReply = Reply<"Pool">["sources"][string];
type StateFileReply = Reply<"Pool">["sources"]["state_file"];

export interface PoolReply extends Omit<Reply<"Pool">, "sources"> {
  /** By their names; what the state file remembers is among them as `state_file`. */
  readonly sources: Readonly<Record<string, SourceReply | StateFileReply>>;
}

export type ExplanationReply = Reply<"Explanation">;
export type HistoryReply = Reply<"History">;
export type WhatIfReply = ExplanationReply["what_if"][number];

interface EventHead {
  readonly index: number;
  readonly at: string;
  readonly pool: string | null;
  readonly kind: string;
  readonly severity: "info" | "warn" | "error";
  readonly summary: string;
}

export type EventReply = EventHead & Readonly<Record<string, unknown>>;

export interface GapReply {
  readonly kind: "gap";
  readonly after: number;
  readonly oldest: number | null;
  readonly lost: number | null;
}
