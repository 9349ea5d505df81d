import { printable } from "../core/printable.ts";
import type { SourceWarning } from "../core/source-warning.ts";
import { wallTimeOf } from "../core/time/wall-time.ts";
import { systemClock } from "../system-ports.ts";

/** Characters of a warning: the text about rights names ten addresses. */
const LONGEST_WARNING = 1_000;

/** As HTTP shows it: with the wall clock's time. */
export function shownWarning({ since, message }: SourceWarning) {
  const time = wallTimeOf(systemClock) - systemClock.now() + since;
  return { since: new Date(time).toISOString(), message: printable(message, LONGEST_WARNING) };
}
