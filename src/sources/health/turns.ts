import { atAbort, Life } from "../../core/life.ts";
import type { Clock } from "../../core/ports.ts";
import type { Runnable } from "../../core/running.ts";
import type { BegunWait, FleetWaits, WaitLength } from "../../core/time/fleet-waits.ts";

interface TurnsPorts {
  readonly clock: Clock;
  readonly waits: FleetWaits;
  /** From one try of a server to its next one, drawn for each. */
  readonly drawWait: () => WaitLength;
  /** Milliseconds from one turn to the next at least, whoever has it. */
  readonly spacingMs: number;
  readonly onTurn: (key: string) => void;
}

/** A server that is asked at a known time, by `Clock.now`. */
export interface Planned {
  readonly key: string;
  readonly at: number;
}

/** One server that waits for its turn. */
interface Waiting {
  readonly key: string;
  /** When it was tried last, by `Clock.now`. */
  readonly triedAt: number;
}

/**
 * Whose turn it is to be tried again: each server after its time, one after the other, at a pace that does not grow
 * with their number. One timer, however many wait.
 */
export class Turns implements Runnable {
  readonly #ports: TurnsPorts;
  readonly #waiting: Waiting[] = [];
  #lastAt = Number.NEGATIVE_INFINITY;
  readonly #life = new Life();
  #wait: BegunWait | undefined;

  constructor(ports: TurnsPorts) {
    this.#ports = ports;
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#life.run(signal, () => {
      this.#awaitFirst();
      return atAbort(signal, () => this.#wait?.cancel());
    });
  }

  /** It gets a turn behind those that wait already. */
  add(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#awaitFirst();
  }

  /** Whose turn is next, and when, by `Clock.now`; `undefined` while nobody waits. */
  next(): Planned | undefined {
    const [first] = this.#waiting;
    return first === undefined || this.#wait === undefined
      ? undefined
      : { key: first.key, at: this.#wait.endsAt() };
  }

  #awaitFirst(): void {
    const [first] = this.#waiting;
    if (this.#life.isOver() || this.#wait !== undefined || first === undefined) {
      return;
    }
    const { clock, drawWait, spacingMs, waits } = this.#ports;
    const now = clock.now();
    const drawn = drawWait();
    const untilMs: WaitLength = (fleet) =>
      Math.max(first.triedAt + drawn(fleet), this.#lastAt + spacingMs) - now;
    this.#wait = waits.begin(untilMs, () => {
      this.#wait = undefined;
      this.#lastAt = clock.now();
      this.#waiting.shift();
      this.#ports.onTurn(first.key);
      this.#awaitFirst();
    });
  }
}
