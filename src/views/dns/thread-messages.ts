/** What the main thread and an answering thread say to each other. */

import type { ListenFailure } from "./listen-error.ts";
import type { AnswerTable } from "./table/answer-table.ts";

export interface DnsAddress {
  /** An IP literal. */
  readonly host: string;
  /** 0 lets the system choose, one port for UDP and TCP. */
  readonly port: number;
}

/** What a thread is to serve. */
export interface ThreadSettings {
  readonly listen: readonly DnsAddress[];
  /** Several threads share a UDP port, but only one serves TCP. */
  readonly servesTcp: boolean;
  readonly listener: ListenerChoice;
  readonly sharesPort: boolean;
  /** Connections of clients over TCP, of all addresses together; 256 by default. */
  readonly tcpConnections?: number | undefined;
  /** This thread's, to each network beyond loopback; absent: no limit. */
  readonly answersPerSecond?: number | undefined;
  readonly counterMemory: SharedArrayBuffer;
  readonly table: AnswerTable;
  /** How many questions may wait for a pool's first server. */
  readonly waitingPlaces: number;
  /** Absent: no question starts a pool. */
  readonly demand: DemandSettings | undefined;
  /** A byte for each pool: see `USE_MARK`. */
  readonly uses: SharedArrayBuffer;
}

/** `auto`: many messages a call where the system has the calls for it. `dns2`: one a call, everywhere. */
export type ListenerChoice = "auto" | "dns2";

/**
 * What answers over UDP. `batched` takes and sends many messages a call; `reason`: why it does not, where it was
 * wanted.
 */
export type UdpListenerKind =
  | { readonly kind: "batched" }
  | {
      readonly kind: "dns2";
      readonly reason?: string | undefined;
    };

/** How questions start pools. */
export interface DemandSettings {
  /** So many a second, and as many at once after a pause. */
  readonly startsPerSecond: number;
  /** Whether Consul's own names start pools, too. */
  readonly consulNames: boolean;
}

/**
 * What the main thread says of a pool that is not in the table: it is about to be, Consul does not know the service, or
 * nobody can tell now.
 */
export type DemandVerdict = "starting" | "unknown" | "not-ready";

/** The first message, once. */
export interface Serve {
  readonly kind: "serve";
  readonly settings: ThreadSettings;
}

/** What follows it. */
export type ToThread =
  | { readonly kind: "table"; readonly table: AnswerTable }
  | { readonly kind: "limit"; readonly answersPerSecond: number | undefined }
  | { readonly kind: "demand"; readonly settings: DemandSettings | undefined }
  | {
      readonly kind: "decided";
      readonly pool: string;
      readonly verdict: DemandVerdict;
      /** Milliseconds for which it holds. */
      readonly holdMs: number;
    }
  /** Memory that loading took and nothing needs any more goes back to the system, of all threads. */
  | { readonly kind: "trim-memory" }
  | { readonly kind: "stop" };

export type FromThread =
  | { readonly kind: "listening"; readonly addresses: readonly DnsAddress[]; readonly udp: UdpListenerKind }
  | { readonly kind: "listen-failed"; readonly failure: ListenFailure }
  | QuestionNews;

/** What questions are about. */
export type QuestionNews =
  /** A pool that is not in the table. */
  | { readonly kind: "wanted"; readonly pool: string }
  /** The pool with this slot, whose next question was awaited. */
  | { readonly kind: "asked"; readonly slot: number };
