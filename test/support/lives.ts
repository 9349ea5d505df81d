import type { Runnable } from "../../src/core/running.ts";

interface Run {
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

const RUNS = new WeakMap<Runnable, readonly Run[]>();

/** Runs it until `end`. Called twice it runs it twice. */
export function begin(
  thing: Runnable,
  run: (signal: AbortSignal) => Promise<void> = (signal) => thing.run(signal),
): void {
  const abort = new AbortController();
  RUNS.set(thing, [...(RUNS.get(thing) ?? []), { abort, ended: run(abort.signal) }]);
}

/** Aborts all its runs in this turn. Resolves when each has let go of everything. */
export async function end(thing: Runnable): Promise<void> {
  const runs = RUNS.get(thing) ?? [];
  for (const { abort } of runs) {
    abort.abort();
  }
  await Promise.all(runs.map(({ ended }) => ended));
}
