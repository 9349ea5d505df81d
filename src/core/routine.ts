/** What happens again and again, too often for the journal: counted by whoever observes it, and kept nowhere. */

import type { ReportVerdict } from "./feedback.ts";

/** `candidate`: asked, by a search or a rebalance, whether it can be head. */
export type PingRole = "head" | "standby" | "candidate";

/**
 * What became of a ping, or of the connect before it. `closed`: the connection broke; `unusable`: what came back was
 * not the protocol, or the server is of another region; `local`: this machine could not ask.
 */
export type PingResult = "ok" | "timeout" | "refused" | "closed" | "unusable" | "tls" | "local";

export type RoutineEvent =
  /** `tookMs`: of an answer over a connection that was open before. */
  | {
      readonly kind: "pinged";
      readonly role: PingRole;
      /** The server's key. */
      readonly server: string;
      readonly result: PingResult;
      readonly tookMs?: number | undefined;
    }
  /** `kept`: the order was as good as the new one; `failed`: no server answered. How many were asked, and answered. */
  | {
      readonly kind: "rebalance-ended";
      readonly result: "changed" | "kept" | "failed";
      readonly pinged: number;
      readonly answered: number;
    }
  | { readonly kind: "heartbeat-pushed" }
  /** A program's report that a server fails. `limited`: it came too soon, and was refused. */
  | { readonly kind: "reported"; readonly verdict: ReportVerdict | "limited" };

/** Called in the moment in which it happens; must neither throw nor wait. */
export type Observe = (event: RoutineEvent) => void;
