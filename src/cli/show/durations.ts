/** Moments for people. */
import { ageText } from "../../core/time/spans.ts";

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
