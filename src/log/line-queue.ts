import { write } from "node:fs";
import type { Clock } from "../core/ports.ts";
import { wallTimeOf } from "../core/time/wall-time.ts";

/** Characters that wait at most: 5,000 lines of 200. A disk that hangs for a minute loses none at 80 lines a second. */
const MAX_WAITING = 1_048_576;

/** Characters written at once: what a pipe holds. */
const MAX_BATCH = 65_536;

/** A reader that is merely slow empties a pipe of 64 KiB well within this. */
const FULL_RETRY_MS = 100;

/** A full disk or a reader that is gone: it takes a person or a supervisor to change that. */
const BROKEN_RETRY_MS = 1_000;

/** Lines that could not be written, told when lines can be written again. */
export interface LostLines {
  readonly lines: number;
  /** Milliseconds since the Unix epoch. */
  readonly since: number;
  readonly reason: string;
}

/** As `fs.write`: the bytes from `offset` on, to wherever the descriptor stands. */
type Write = (
  bytes: Buffer,
  offset: number,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
) => void;

export interface LineQueueOptions {
  readonly write: Write;
  readonly clock: Clock;
  /** Called once there is room again; it may write a line of its own, which stands where the lost ones would. */
  readonly tellLost: (lost: LostLines) => void;
}

interface Batch {
  readonly bytes: Buffer;
  readonly characters: number;
  readonly lines: number;
  written: number;
}

/** Writes to a descriptor without a wait; a pipe or terminal has to be non-blocking: see `patientDescriptor`. */
export function writerOf(fd: number): Write {
  return (bytes, offset, done) => {
    write(fd, bytes, offset, done);
  };
}

/**
 * Lines on their way to somebody who may be slow, full, gone or asleep. `write` never waits and never throws; one batch
 * is written at a time, and tried again until it is taken. When too much waits, what comes is counted instead of kept,
 * until half of it is gone: so the lines that are lost are one gap.
 */
export class LineQueue {
  readonly #options: LineQueueOptions;
  #waiting: string[] = [];
  #characters = 0;
  #batch: Batch | undefined;
  #lost: LostLines | undefined;
  #trouble = "writing takes too long";

  constructor(options: LineQueueOptions) {
    this.#options = options;
  }

  /** Lines that nobody has taken yet, and those that were lost and not told of. */
  get unwritten(): number {
    return this.#waiting.length + (this.#batch?.lines ?? 0) + (this.#lost?.lines ?? 0);
  }

  write(line: string): void {
    if (this.#lost !== undefined || this.#characters + line.length > MAX_WAITING) {
      this.#lost = {
        since: wallTimeOf(this.#options.clock),
        ...this.#lost,
        lines: (this.#lost?.lines ?? 0) + 1,
        reason: this.#trouble,
      };
      return;
    }
    this.#waiting.push(line);
    this.#characters += line.length;
    this.#next();
  }

  #next(): void {
    if (this.#batch !== undefined || this.#waiting.length === 0) {
      return;
    }
    const lines = this.#waiting.splice(0, batchLength(this.#waiting));
    const text = lines.join("");
    this.#batch = { bytes: Buffer.from(text), characters: text.length, lines: lines.length, written: 0 };
    this.#send(this.#batch);
  }

  #send(batch: Batch): void {
    this.#options.write(batch.bytes, batch.written, (error, written) => {
      if (error !== null) {
        this.#failed(batch, error.code ?? error.message);
        return;
      }
      batch.written += written;
      if (batch.written < batch.bytes.length) {
        this.#send(batch);
      } else {
        this.#taken(batch);
      }
    });
  }

  #failed(batch: Batch, code: string): void {
    this.#trouble = reasonOf(code);
    if (code === "EPIPE") {
      // The next reader of a named pipe gets whole lines.
      batch.written = batch.bytes.subarray(0, batch.written).lastIndexOf("\n") + 1;
    }
    this.#options.clock.after(code === "EAGAIN" ? FULL_RETRY_MS : BROKEN_RETRY_MS, () => {
      this.#send(batch);
    });
  }

  #taken(batch: Batch): void {
    this.#batch = undefined;
    this.#characters -= batch.characters;
    const lost = this.#lost;
    if (lost !== undefined && this.#characters <= MAX_WAITING / 2) {
      this.#lost = undefined;
      this.#options.tellLost(lost);
    }
    this.#next();
  }
}

/** How many lines make a batch: at least one. */
function batchLength(lines: readonly string[]): number {
  let characters = 0;
  const tooMany = lines.findIndex((line, index) => {
    characters += line.length;
    return index > 0 && characters > MAX_BATCH;
  });
  return tooMany === -1 ? lines.length : tooMany;
}

function reasonOf(code: string): string {
  return (
    { EAGAIN: "nobody reads it", EPIPE: "its reader is gone", ENOSPC: "no space left on the device" }[code] ??
    code
  );
}
