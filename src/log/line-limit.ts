import type { Clock } from "../core/ports.ts";

/** A minute: what people and most alarms look at. */
const WINDOW_MS = 60_000;

/** Of one kind in a minute. A head that changes every second is told of in full, 4,000 dead servers in 100 lines. */
const MAX_OF_A_KIND = 100;

/** Of all kinds in a minute: 10 lines of 300 bytes a second are 260 MB a day. */
const MAX_OF_ALL = 600;

/** The first lines of so many kinds come through even then: that a thread died, or that the agent stops. */
const MAX_FIRST_LINES = 100;

/** What lines have in common that differ in their fields only. */
export interface LineKind {
  readonly level: string;
  /** The part of the agent that says it. */
  readonly part: string;
  /** What stands behind a colon may be different each time. */
  readonly message: string;
}

/** Lines that were held back within a minute. */
export interface HeldBack {
  readonly lines: number;
  /** Absent: of kinds that were not told of at all. */
  readonly like?: LineKind;
}

interface Count {
  readonly like: LineKind;
  told: number;
  heldBack: number;
}

/** Bounds the lines of each minute, by kind and in all, and tells at its end how many more there were. */
export class LineLimit {
  readonly #clock: Clock;
  readonly #tell: (heldBack: HeldBack) => void;
  readonly #counts = new Map<string, Count>();
  #told = 0;
  #uncounted = 0;
  #endWindow: (() => void) | undefined;
  #isClosed = false;

  constructor(clock: Clock, tell: (heldBack: HeldBack) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Whether a line of this kind may be written now; otherwise it is counted. */
  admits(kind: LineKind): boolean {
    if (this.#isClosed) {
      return true;
    }
    this.#endWindow ??= this.#clock.after(WINDOW_MS, () => {
      this.#tellHeldBack();
    });
    const key = `${kind.level} ${kind.part} ${kind.message.split(":", 1)[0] ?? ""}`;
    const count = this.#counts.get(key);
    if (count === undefined) {
      return this.#admitsNew(key, kind);
    }
    if (count.told >= MAX_OF_A_KIND || this.#told >= MAX_OF_ALL) {
      count.heldBack += 1;
      return false;
    }
    count.told += 1;
    this.#told += 1;
    return true;
  }

  /** Tells of what was held back until now, and holds nothing back any more. */
  close(): void {
    this.#isClosed = true;
    this.#endWindow?.();
    this.#tellHeldBack();
  }

  #admitsNew(key: string, like: LineKind): boolean {
    if (this.#told >= MAX_OF_ALL + MAX_FIRST_LINES) {
      this.#uncounted += 1;
      return false;
    }
    this.#counts.set(key, { like, told: 1, heldBack: 0 });
    this.#told += 1;
    return true;
  }

  #tellHeldBack(): void {
    const counts = [...this.#counts.values()];
    const uncounted = this.#uncounted;
    this.#endWindow = undefined;
    this.#counts.clear();
    this.#told = 0;
    this.#uncounted = 0;
    for (const { like, heldBack } of counts.filter((count) => count.heldBack > 0)) {
      this.#tell({ lines: heldBack, like });
    }
    if (uncounted > 0) {
      this.#tell({ lines: uncounted });
    }
  }
}
