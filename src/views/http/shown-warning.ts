import type { Clock } from "../../core/ports.ts";
import { printable } from "../../core/printable.ts";
import type { SourceWarning } from "../../core/source-warning.ts";
import { rfc3339 } from "../../core/time/rfc3339.ts";
import { wallTime } from "../../core/time/wall-time.ts";

/** As HTTP shows it: with the wall clock's time. */
export function shownWarning({ since, message }: SourceWarning, clock: Clock) {
  return { since: rfc3339(wallTime(clock, since)), message: printable(message) };
}
