/** Spans and moments for people. */

const UNITS: readonly (readonly [name: string, ms: number, below: number])[] = [
  ["s", 1_000, 60],
  ["min", 60_000, 60],
  ["h", 3_600_000, 48],
  ["d", 86_400_000, Number.POSITIVE_INFINITY],
];

/** In the largest unit that fits, rounded down: `300 ms`, `41 s`, `4 min`, `47 h`, `2 d`. A negative span is none. */
export function spanText(ms: number): string {
  if (ms > 0 && ms < 1_000) {
    return `${Math.floor(ms)} ms`;
  }
  return ageText(ms);
}

/** The same from seconds on, for what is known to the second: `0 s`. */
export function ageText(ms: number): string {
  const [name, unitMs] = UNITS.find(([, unit, below]) => ms < unit * below) ?? ["d", 86_400_000];
  return `${Math.max(0, Math.floor(ms / unitMs))} ${name}`;
}

/** A round trip: `0.6 ms`, `12 ms`. */
export function roundTripText(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

const DAY_MS = 86_400_000;

/** Shows moments in the machine's time zone, or in UTC. */
export class TimeShower {
  readonly #isUtc: boolean;

  constructor(isUtc: boolean) {
    this.#isUtc = isUtc;
  }

  /** `12:00:04 (4 s ago)`, with its date when it is more than a day from now. Both in ms since 1970. */
  ago(time: number, now: number): string {
    return `${this.#moment(time, now)} (${ageText(now - time)} ago)`;
  }

  /** `12:00:04.117`. */
  exact(time: number): string {
    return `${this.#clockTime(time)}.${String(time % 1_000).padStart(3, "0")}`;
  }

  #moment(time: number, now: number): string {
    return Math.abs(now - time) < DAY_MS
      ? this.#clockTime(time)
      : `${this.#shifted(time).slice(0, 10)} ${this.#clockTime(time)}`;
  }

  #clockTime(time: number): string {
    return this.#shifted(time).slice(11, 19);
  }

  /** In ISO's form, which is always UTC's, moved to the zone that is shown. */
  #shifted(time: number): string {
    const offsetMs = this.#isUtc ? 0 : new Date(time).getTimezoneOffset() * 60_000;
    return new Date(time - offsetMs).toISOString();
  }
}
