import type { Patience } from "../../core/pool-view.ts";
import type { Clock } from "../../core/ports.ts";
import type { PingResult } from "../../core/routine.ts";
import type { FleetWaits, WaitLength } from "../../core/time/fleet-waits.ts";
import type { Connector } from "../../net/connection/held-connection.ts";
import type { WatchNews } from "./server-health.ts";

/** How long a watched server is left alone. */
interface WatchPace {
  /** Before the first connect, drawn when the watch begins; `undefined`: at once. */
  readonly drawFirst: () => WaitLength | undefined;
  /** From one ping to the next. */
  readonly interval: WaitLength;
  /** From one dial to the next where a dial proves nothing, or that the server lives. */
  readonly dialInterval: WaitLength;
  /**
   * Until a server that is down, or closed the connection, is tried again, drawn each time. `closings`: connections in
   * a row that the server closed; `undefined`: at once.
   */
  readonly drawPause: (closings: number, isDown: boolean) => WaitLength | undefined;
}

export interface WatchOptions {
  readonly connector: Connector;
  readonly clock: Clock;
  readonly waits: FleetWaits;
  readonly pace: WatchPace;
  /** Connections in a row that the server closed before this watch. */
  readonly closings: number;
  /** Milliseconds that a connect and a ping may take; looked at for each. */
  readonly timeoutMs: () => number;
  /** How long an answer is waited for, as far as is known; looked at for each ping. */
  readonly patience: () => Patience;
  /** Called in the moment in which it happens, before the watch goes on; never after the abort. */
  readonly report: (news: WatchNews) => void;
  /** Called for each ping, and each connect that failed, before what follows from it is reported. */
  readonly onPing?: ((result: PingResult, tookMs?: number) => void) | undefined;
}
