import type { Clock } from "../ports.ts";

/**
 * Milliseconds since the Unix epoch: what people are shown. It jumps when somebody sets the machine's clock, so nothing
 * is measured with it.
 */
export function wallTimeOf(clock: Pick<Clock, "now" | "wallTime">): number {
  return clock.wallTime?.() ?? clock.now();
}

/** The wall clock's time at a moment by `Clock.now`, as that clock is set now. */
export function wallTime(clock: Clock, at: number): number {
  return wallTimeOf(clock) - clock.now() + at;
}
