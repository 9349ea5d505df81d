/** What the main thread and an answering thread say to each other. */

import type { ListenFailure } from "./listen-error.ts";
import type { AnswerTable } from "./table/answer-table.ts";

export interface DnsAddress {
  /** An IP literal. */
  readonly host: string;
  /** 0 lets the system choose, one port for UDP and TCP. */
  readonly port: number;
}

/** What a thread is started with. */
export interface ThreadSettings {
  readonly listen: readonly DnsAddress[];
  /** Several threads share a UDP port, but only one serves TCP. */
  readonly servesTcp: boolean;
  readonly sharesPort: boolean;
  /** Connections of clients over TCP, of all addresses together; 256 by default. */
  readonly tcpConnections?: number | undefined;
  /** This thread's, to each network beyond loopback; absent: no limit. */
  readonly answersPerSecond?: number | undefined;
  readonly counterMemory: SharedArrayBuffer;
  readonly table: AnswerTable;
  /** How many questions may wait for a pool's first server. */
  readonly waitingPlaces: number;
}

export type ToThread =
  | { readonly kind: "table"; readonly table: AnswerTable }
  | { readonly kind: "limit"; readonly answersPerSecond: number | undefined }
  | { readonly kind: "stop" };

export type FromThread =
  | { readonly kind: "listening"; readonly addresses: readonly DnsAddress[] }
  | { readonly kind: "listen-failed"; readonly failure: ListenFailure };
