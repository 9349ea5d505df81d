import { atAbort, Life } from "../../core/life.ts";
import type { Clock } from "../../core/ports.ts";
import type { Runnable } from "../../core/running.ts";
import type { ServerEndpoint } from "../../core/server-endpoint.ts";
import type { BegunWait, FleetWaits, WaitLength } from "../../core/time/fleet-waits.ts";
import { UnderWay } from "../../core/under-way.ts";
import { isLocal } from "../../net/connection/connection-error.ts";
import { BestAnswer } from "./best-answer.ts";
import { type Planned, Turns } from "./turns.ts";

/**
 * Servers in the widest wave. The waves begin with one server and double: 1, 2, 4, …, 64, 64. Where most servers live,
 * few are asked more than had to be, also when a whole fleet searches; where most are silent, 24 servers take 5 waves,
 * 200 take 9.
 */
const WIDEST_WAVE = 64;

/** Servers asked at the same time: sockets for a long list that hangs. A list of up to 256 never waits for a place. */
const ASKED_AT_ONCE = 256;

/**
 * A better server that is being asked, too, has this many times the wait between two waves to answer after another one.
 */
const WAVES_WAITED_FOR_BETTER = 2;

export interface SearchPorts {
  readonly clock: Clock;
  /** Milliseconds that a wave has to answer before the next one is asked, too. */
  readonly waveMs: number;
  /** No waves: one server after the other from the beginning. For a list that was searched just now. */
  readonly isPaced: boolean;
  readonly waits: FleetWaits;
  /** Before the first wave, drawn when the search begins; `undefined`: at once. */
  readonly drawFirst: () => WaitLength | undefined;
  /** From one try of a server to its next one, drawn for each. */
  readonly drawWait: () => WaitLength;
  /** Milliseconds from one such try to that of another server at least. */
  readonly spacingMs: number;
  /** The keys of the servers to ask, in this order. */
  readonly keys: readonly string[];
  /** Of two servers that answer the lower rank is taken. */
  readonly rankOf: (key: string) => number;
  /** `undefined` when the server has left the list. */
  readonly endpointOf: (key: string) => ServerEndpoint | undefined;
  /** Rejects when the server does not answer. */
  readonly ping: (server: ServerEndpoint, signal: AbortSignal) => Promise<void>;
  readonly onAnswer: (server: ServerEndpoint) => void;
  readonly onDown: (server: ServerEndpoint, error: unknown) => void;
  /** This machine could not ask it. */
  readonly onNotAsked: (server: ServerEndpoint, error: unknown) => void;
  /** Called once, when every server was tried and none answered. */
  readonly onConfirmed: () => void;
}

/**
 * Looks for a server that answers, without waiting for those that are silent: asks wave after wave until each was
 * asked, and then one after the other, again and again. Nothing is called after the abort. It is for one life.
 */
export class Search implements Runnable {
  readonly #ports: SearchPorts;
  readonly #life = new Life();
  readonly #known: Set<string>;
  readonly #untried: Set<string>;
  /** What the waves have left to ask. */
  readonly #queue: string[];
  #wave = new Set<string>();
  #width = 1;
  #cancelWave: () => void = () => undefined;
  readonly #tries = new UnderWay();
  readonly #underWay = new Set<string>();
  /** Servers whose time has come, but for which there is no place yet. */
  readonly #due: string[] = [];
  #places = ASKED_AT_ONCE;
  /** Whom to try again, and when. */
  readonly #again: Turns;
  /** Until the first wave. */
  #untilFirst: BegunWait | undefined;
  readonly #best: BestAnswer;

  constructor(ports: SearchPorts) {
    this.#ports = ports;
    this.#queue = [...ports.keys];
    this.#known = new Set(ports.keys);
    this.#untried = new Set(ports.keys);
    this.#best = new BestAnswer({
      ...ports,
      patienceMs: WAVES_WAITED_FOR_BETTER * ports.waveMs,
      take: (server) => {
        if (!this.#life.isOver()) {
          ports.onAnswer(server);
        }
      },
    });
    this.#again = new Turns({
      ...ports,
      onTurn: (key) => {
        this.#begin(key);
      },
    });
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#life.run(signal, () => {
      const first = this.#ports.drawFirst();
      if (first === undefined) {
        this.#askAll();
      } else {
        this.#untilFirst = this.#ports.waits.begin(first, () => {
          this.#untilFirst = undefined;
          this.#askAll();
        });
      }
      return atAbort(signal, () => {
        this.#untilFirst?.cancel();
        this.#cancelWave();
        this.#best.cancel();
        return this.#tries.ended();
      });
    });
  }

  /** Whom it asks next, and when; `undefined` while servers are being asked in waves. */
  next(): Planned | undefined {
    const [first] = this.#queue;
    return this.#untilFirst === undefined || first === undefined
      ? this.#again.next()
      : { key: first, at: this.#untilFirst.endsAt() };
  }

  /** Asks servers that came since, too, at once. */
  include(keys: Iterable<string>): void {
    for (const key of keys) {
      if (!this.#known.has(key)) {
        this.#known.add(key);
        this.#untried.add(key);
        this.#begin(key);
      }
    }
  }

  #askAll(): void {
    if (this.#ports.isPaced) {
      for (const key of this.#queue.splice(0)) {
        this.#again.add({ key, triedAt: Number.NEGATIVE_INFINITY });
      }
    }
    this.#nextWave();
  }

  #nextWave(): void {
    this.#cancelWave();
    if (this.#life.isOver()) {
      return;
    }
    if (this.#queue.length === 0) {
      void this.#again.run(this.#life.signal);
      return;
    }
    const { clock, waveMs } = this.#ports;
    const wave = this.#queue.splice(0, this.#width);
    this.#wave = new Set(wave);
    this.#width = Math.min(2 * this.#width, WIDEST_WAVE);
    this.#cancelWave = clock.after(waveMs, () => {
      this.#nextWave();
    });
    for (const key of wave) {
      this.#begin(key);
    }
  }

  #begin(key: string): void {
    if (this.#underWay.size < this.#places) {
      this.#underWay.add(key);
      this.#tries.add(this.#try(key));
    } else {
      this.#due.push(key);
    }
  }

  async #try(key: string): Promise<void> {
    const { clock, endpointOf, onDown, onNotAsked } = this.#ports;
    const triedAt = clock.now();
    const server = endpointOf(key);
    const error = server === undefined ? undefined : await this.#errorOf(server);
    if (this.#life.isOver()) {
      return;
    }
    this.#underWay.delete(key);
    if (server !== undefined) {
      // From one start to the next, so that the time that a silent server takes is not waited for twice.
      this.#again.add({ key, triedAt });
    }
    if (server !== undefined && isLocal(error)) {
      // With fewer at the same time it can be asked.
      this.#places = Math.max(1, this.#underWay.size);
      onNotAsked(server, error);
    } else {
      this.#places = Math.min(this.#places + 1, ASKED_AT_ONCE);
      if (server === undefined) {
        this.#noteTried(key);
      } else if (error === undefined) {
        this.#best.offer(server);
      } else {
        onDown(server, error);
        this.#noteTried(key);
      }
    }
    this.#best.takeUnlessBetter(this.#underWay);
    this.#goOn(key);
  }

  /** Why the server did not answer; `undefined` when it did. */
  async #errorOf(server: ServerEndpoint): Promise<unknown> {
    try {
      await this.#ports.ping(server, this.#life.signal);
      return undefined;
    } catch (error) {
      return error ?? new Error("no answer");
    }
  }

  /** A place is free; a wave that is through is followed at once. */
  #goOn(key: string): void {
    if (this.#life.isOver()) {
      return;
    }
    const next = this.#due.shift();
    if (next !== undefined) {
      this.#begin(next);
    }
    if (this.#wave.delete(key) && this.#wave.size === 0) {
      this.#nextWave();
    }
  }

  #noteTried(key: string): void {
    if (this.#untried.delete(key) && this.#untried.size === 0) {
      this.#ports.onConfirmed();
    }
  }
}
