import type { PingResult } from "./routine.ts";

/** How a server that could be asked failed. */
type FailureCode = Exclude<PingResult, "ok" | "local">;

/** Why a server is down. `code`: absent where that is not known any more; `reason`: a few words. */
export interface Why {
  readonly code?: FailureCode | undefined;
  readonly reason: string;
}
