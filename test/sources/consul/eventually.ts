import { setTimeout as pause } from "node:timers/promises";

/**
 * Waits until `holds` is true, asking often. Fails after `withinMs`, by default long enough for a busy machine, with
 * what `describe` says then.
 */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  describe: () => unknown,
  withinMs = 60_000,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) {
      throw new Error(`not within ${withinMs} ms: ${JSON.stringify(describe())}`);
    }
    await pause(5);
  }
}
