import type { Clock } from "../../core/ports.ts";
import { printable } from "../../core/printable.ts";
import type { SourceWarning } from "../../core/source-warning.ts";
import { wallTimeOf } from "../../core/time/wall-time.ts";

/** As HTTP shows it: with the wall clock's time. */
export function shownWarning({ since, message }: SourceWarning, clock: Clock) {
  const time = wallTimeOf(clock) - clock.now() + since;
  return { since: new Date(time).toISOString(), message: printable(message) };
}
