/** What the DNS view is told, and says of itself. */
import type { Worker } from "node:worker_threads";
import type { DnsThreadEvent } from "../../core/journal-event.ts";
import type { Clock, Logger } from "../../core/ports.ts";
import type { ConsulNames } from "./table/table-encoder.ts";
import type { DemandSettings, DnsAddress, ListenerChoice } from "./thread-messages.ts";

export interface DnsServerOptions {
  /** At least one; served on UDP and TCP each. */
  readonly listen: readonly DnsAddress[];
  /** The zone, such as `headwaiter.internal`. */
  readonly domain: string;
  readonly ttlSeconds: number;
  readonly negativeTtlSeconds: number;
  /** 2 answers UDP with two threads on one port: for machines that ask more than some 80,000 queries/s. */
  readonly sockets: 1 | 2;
  /** `auto` by default. */
  readonly listener?: ListenerChoice | undefined;
  /**
   * Connections of clients over TCP, of all addresses together; 256 by default; one more takes the place of the one
   * silent longest.
   */
  readonly tcpConnections?: number | undefined;
  /** Absent: Consul's names are not served. */
  readonly consulNames?: ConsulNames | undefined;
  /** Over UDP to each network beyond loopback, of all threads together; absent: no limit. */
  readonly rateLimit?: number | undefined;
  /** Of all threads together; absent: no question starts a pool. */
  readonly demand?: DemandSettings | undefined;
  /** See `startThread`; absent: all threads are started when they are to serve. */
  readonly loading?: Worker | undefined;
  readonly logger: Logger;
  readonly clock: Clock;
  /** A question is about a pool that is not shown: `decide` says what becomes of it. Bounded by `demand`. */
  readonly wanted?: ((pool: string) => void) | undefined;
  /** A byte for each pool with a `useSlot`: see `USE_MARK`. */
  readonly uses?: SharedArrayBuffer | undefined;
  /** A question is about the pool with this slot, whose next question was awaited. */
  readonly asked?: ((slot: number) => void) | undefined;
  /** An answering thread died, or serves again. */
  readonly note?: (event: DnsThreadEvent) => void;
  /** Called when answers are of the present lists: the threads have the new table. */
  readonly onPublished?: (() => void) | undefined;
}

export type DnsServerState =
  | { readonly kind: "stopped" }
  | { readonly kind: "starting" }
  | { readonly kind: "serving"; readonly restarts: number }
  /** A thread died and comes back; `serving` others answer meanwhile. */
  | {
      readonly kind: "restarting";
      readonly since: number;
      readonly reason: string;
      readonly serving: number;
      readonly restarts: number;
    };

/** What may change while it serves. */
export type DnsPolicy = Pick<
  DnsServerOptions,
  "ttlSeconds" | "negativeTtlSeconds" | "rateLimit" | "consulNames" | "demand"
>;
