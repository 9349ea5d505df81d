/** The one way to wait for something that is not told of: by looking again and again. */
import { setTimeout as sleep } from "node:timers/promises";

/** Between one look and the next. */
const STEP_MS = 5;

/** Far more than a step on a busy machine takes: reached only by what never comes. */
const PATIENCE_MS = 60_000;

/**
 * Waits until `holds` says true. Looks at once, and again 5 ms after each look. Resolves with the milliseconds that it
 * took.
 *
 * @param what what is waited for, in words, or what there is to see of it; by default the text of the condition.
 * @throws Error with `what`, when the condition did not hold within `withinMs`; at once what `holds` throws.
 */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string | (() => unknown) = holds.toString(),
  withinMs = PATIENCE_MS,
): Promise<number> {
  const startedAt = performance.now();
  while (!(await holds())) {
    if (performance.now() - startedAt > withinMs) {
      const seen = typeof what === "string" ? what : what();
      throw new Error(`not within ${withinMs} ms: ${typeof seen === "string" ? seen : JSON.stringify(seen)}`);
    }
    await sleep(STEP_MS);
  }
  return performance.now() - startedAt;
}

/**
 * Waits, as `until` does, for something to see that `pleases`. Resolves with the milliseconds that it took.
 *
 * @throws Error with `what` is waited for and with what was seen last, when nothing pleased within `withinMs`.
 */
export function untilSeen<Seen>(
  what: string,
  withinMs: number,
  see: () => Promise<Seen> | Seen,
  pleases: (seen: Seen) => boolean,
): Promise<number> {
  let last: Seen | undefined;
  const look = async (): Promise<boolean> => {
    const seen = await see();
    last = seen;
    return pleases(seen);
  };
  return until(look, () => `${what}; seen last: ${JSON.stringify(last)}`, withinMs);
}
