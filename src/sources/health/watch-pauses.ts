import type { Fleet } from "../../core/fleet.ts";
import type { Random } from "../../core/ports.ts";
import {
  closingsDelayMs,
  dialIntervalMs,
  headIntervalMs,
  outageDelayMs,
  reconnectDelayMs,
  standbyDelayMs,
  standbyIntervalMs,
} from "../../core/time/fleet-pace.ts";
import { drawnOnce, type WaitLength } from "../../core/time/fleet-waits.ts";

/** How a watched server stands when its connection is gone. */
interface Standing {
  /** Otherwise it is the next server, which serves nobody yet. */
  readonly isHead: boolean;
  /** No server answers, as far as is known. */
  readonly isOutage: boolean;
  readonly isDown: boolean;
  /** Connections in a row that it closed. */
  readonly closings: number;
}

/** Looked at for each wait. */
interface PauseTimes {
  readonly intervalMs: () => number;
  readonly idleIntervalMs: () => number;
  readonly isIdle: () => boolean;
}

/** Draws how long the two watched servers are left alone: before the first connection, and from one to the next. */
export class WatchPauses {
  readonly #times: PauseTimes;
  readonly #random: Random;

  constructor(times: PauseTimes, random: Random) {
    this.#times = times;
    this.#random = random;
  }

  /** From one ping of the head to the next, while the pool is asked for. */
  readonly headInterval: WaitLength = (fleet) => headIntervalMs(this.#times.intervalMs(), fleet);

  /** From one ping of a watched server to the next: milliseconds. */
  interval(isHead: boolean, fleet: Fleet): number {
    const { idleIntervalMs, isIdle } = this.#times;
    const askedMs = this.headInterval(fleet);
    const headMs = isIdle() ? Math.max(askedMs, idleIntervalMs()) : askedMs;
    return isHead ? headMs : standbyIntervalMs(headMs);
  }

  /** From one dial of it to the next where a dial proves nothing, or that the server lives: milliseconds. */
  dialInterval(isHead: boolean, fleet: Fleet): number {
    return dialIntervalMs(this.interval(isHead, fleet));
  }

  /** Before a server is dialled that becomes the next one. */
  drawBeforeNext(wasDown: boolean, closings: number): WaitLength {
    const chance = drawnOnce(this.#random);
    const closingsMs = closingsDelayMs(closings);
    return wasDown
      ? (fleet) => Math.max(closingsMs, reconnectDelayMs(this.#times.intervalMs(), fleet, chance))
      : (fleet) => standbyDelayMs(fleet, chance);
  }

  /** Before a server is dialled again; `undefined`: at once. A head that closes is: that tells whether it lives. */
  drawBetween({ isHead, isOutage, isDown, closings }: Standing): WaitLength | undefined {
    const closingsMs = isHead ? 0 : closingsDelayMs(closings);
    if (!isDown) {
      return closingsMs > 0 ? () => closingsMs : undefined;
    }
    const chance = drawnOnce(this.#random);
    return (fleet) => {
      const retryMs = isOutage
        ? outageDelayMs(this.headInterval(fleet), chance)
        : reconnectDelayMs(this.#times.intervalMs(), fleet, chance);
      return Math.max(closingsMs, retryMs);
    };
  }
}
