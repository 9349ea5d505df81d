/** Spans of time for people who look: the command line and the page say the same. */

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

/** Short times are shown to a tenth of a millisecond. */
export function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** A round trip: `0.6 ms`, `12 ms`. */
export function roundTripText(ms: number): string {
  return `${ms < 9.95 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
