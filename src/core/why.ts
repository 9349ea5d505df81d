import type { PingResult } from "./routine.ts";

/** How a server that could be asked failed. */
type FailureCode = Exclude<PingResult, "ok" | "local">;

/** A second opinion: what showed that a silent server hangs, and that it was not this machine that heard nothing. */
export interface Evidence {
  /** Milliseconds without an answer since it was asked first; it was asked twice. */
  readonly silentMs: number;
  /** Milliseconds that its answers take as a rule; absent where none was heard. */
  readonly usualMs?: number | undefined;
  /** Who answered meanwhile, and in how many milliseconds. */
  readonly witness: string;
  readonly witnessMs: number;
}

/** Why a server is down. `code`: absent where that is not known any more; `reason`: a few words. */
export interface Why {
  readonly code?: FailureCode | undefined;
  readonly reason: string;
  readonly evidence?: Evidence | undefined;
}
