import { messageOf } from "../core/message-of.ts";
import type { Clock } from "../core/ports.ts";
import { systemReason } from "../core/system-reason.ts";
import { doubledMs } from "../core/time/backoff.ts";

interface StateWriterPorts {
  readonly clock: Clock;
  /** What is to be written, at this moment. */
  readonly encode: () => Uint8Array;
  /** Resolves when the bytes are safe; rejects with why not. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** Hears of each write that failed, and of each that did not. */
  readonly ended: (failure: string | undefined) => void;
}

/** A change of the list seldom comes alone: a failover makes three within this time, in milliseconds. */
const DEBOUNCE_MS = 1_000;

/** A list that changes all the time costs one write in this time. */
const LEAST_BETWEEN_MS = 5_000;

/** A list that does not change is as old as the last write when the machine fails. */
const REFRESH_MS = 300_000;

/** A full disk is looked at after 5, 10, 20 … 300 s. */
const RETRY = { baseMs: 5_000, maxMs: 300_000 };

/** Writes what is known now: soon after a change, not often, and again and again while that fails. One at a time. */
export class StateWriter {
  readonly #ports: StateWriterPorts;
  #cancel: () => void = () => undefined;
  /** By `Clock.now`. */
  #dueAt = Number.POSITIVE_INFINITY;
  #lastBeganAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  /** Counts changes: what the last write has, and what there is. */
  #written = 0;
  #known = 0;
  #writing: Promise<void> | undefined;
  #isOpen = false;

  constructor(ports: StateWriterPorts) {
    this.#ports = ports;
  }

  /** Writes from now on. */
  start(): void {
    this.#isOpen = true;
    this.changed();
  }

  /** There is something new to write. While writes fail it waits for the next try. */
  changed(): void {
    this.#known += 1;
    if (this.#isOpen && this.#writing === undefined && this.#failures === 0) {
      this.#writeSoon();
    }
  }

  /** Writes at once what is known now, unless it never started. Resolves when no timer and no file is open. */
  async stop(): Promise<void> {
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    this.#cancel();
    await this.#writing;
    if (wasOpen) {
      await this.#write();
    }
  }

  #writeSoon(): void {
    this.#writeBy(Math.max(this.#ports.clock.now() + DEBOUNCE_MS, this.#lastBeganAt + LEAST_BETWEEN_MS));
  }

  /** Does not put off what is due earlier. */
  #writeBy(at: number): void {
    if (at >= this.#dueAt) {
      return;
    }
    this.#cancel();
    this.#dueAt = at;
    this.#cancel = this.#ports.clock.after(Math.max(1, at - this.#ports.clock.now()), () => {
      this.#dueAt = Number.POSITIVE_INFINITY;
      this.#writing = this.#write().then(() => {
        this.#writing = undefined;
        this.#afterWrite();
      });
    });
  }

  #afterWrite(): void {
    if (!this.#isOpen) {
      return;
    }
    if (this.#failures === 0 && this.#known > this.#written) {
      this.#writeSoon();
    } else {
      const waitMs = this.#failures === 0 ? REFRESH_MS : doubledMs(this.#failures, RETRY);
      this.#writeBy(this.#ports.clock.now() + waitMs);
    }
  }

  async #write(): Promise<void> {
    const { clock, encode, ended, write } = this.#ports;
    this.#lastBeganAt = clock.now();
    this.#written = this.#known;
    let failure: string | undefined;
    try {
      await write(encode());
    } catch (error) {
      failure = error instanceof Error && "code" in error ? systemReason(error) : messageOf(error);
    }
    this.#failures = failure === undefined ? 0 : this.#failures + 1;
    ended(failure);
  }
}
