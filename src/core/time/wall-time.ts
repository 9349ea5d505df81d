import type { Clock } from "../ports.ts";

/**
 * Milliseconds since the Unix epoch: what people are shown. It jumps when somebody sets the machine's clock, so nothing
 * is measured with it.
 */
export function wallTimeOf(clock: Pick<Clock, "now" | "wallTime">): number {
  return clock.wallTime?.() ?? clock.now();
}
