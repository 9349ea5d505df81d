import type { Clock } from "../../core/ports.ts";

/** A beat that comes later than this, in milliseconds, shows that this process had no turn. */
const PUNCTUAL_MS = 5;

/** From one beat to the next once the server counts as silent, in milliseconds. */
const SILENT_BEAT_MS = 10;

/**
 * From one beat to the next, in milliseconds: a stall of this process costs a server no more than that, a fifth of the
 * least silence. And so a stall is not learned as a pause of the server.
 */
const BEAT_MS = 30;

interface SilenceOptions {
  readonly clock: Clock;
  readonly lateMs: number;
  readonly silentMs: number;
  /** Called once. */
  readonly onLate: () => void;
  /** Called at the first beat at which no answer has come for so long, and again at each beat from then on. */
  readonly onSilent: () => void;
}

/**
 * Counts how long an answer is missing, as this process lived through it: of a stall only one beat counts. A beat that
 * comes late tells nothing; and what has arrived by a beat is read before anything is told.
 */
export class SilenceTimer {
  readonly #options: SilenceOptions;
  #livedMs = 0;
  #beatAt: number;
  #beatMs = 0;
  #isLate = false;
  #isOver = false;
  #cancel: () => void = () => undefined;

  constructor(options: SilenceOptions) {
    this.#options = options;
    this.#beatAt = options.clock.now();
    this.#beat();
  }

  /** Milliseconds lived through since it began. */
  livedMs(): number {
    return this.#livedMs + this.#sinceBeatMs();
  }

  end(): void {
    this.#isOver = true;
    this.#cancel();
  }

  #sinceBeatMs(): number {
    return Math.min(this.#options.clock.now() - this.#beatAt, this.#beatMs + PUNCTUAL_MS);
  }

  #beat(): void {
    const { clock, lateMs, silentMs } = this.#options;
    const untilMs = this.#isLate ? silentMs : lateMs;
    const restMs = Math.ceil(untilMs - this.#livedMs);
    this.#beatMs = restMs > 0 ? Math.min(BEAT_MS, restMs) : SILENT_BEAT_MS;
    this.#beatAt = clock.now();
    this.#cancel = clock.after(this.#beatMs, () => {
      const isPunctual = clock.now() - this.#beatAt <= this.#beatMs + PUNCTUAL_MS;
      // Timers run before sockets are read.
      setImmediate(() => {
        if (!this.#isOver) {
          this.#lived(isPunctual);
        }
      });
    });
  }

  #lived(isPunctual: boolean): void {
    const { lateMs, onLate, onSilent, silentMs } = this.#options;
    this.#livedMs += this.#sinceBeatMs();
    // A new beat begins before anything is told: what is told may end it.
    const isFirstLate = !this.#isLate && this.#livedMs >= lateMs;
    this.#isLate ||= isFirstLate;
    this.#beat();
    if (isFirstLate) {
      onLate();
    } else if (isPunctual && this.#livedMs >= silentMs) {
      onSilent();
    }
  }
}
