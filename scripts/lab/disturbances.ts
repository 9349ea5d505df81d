import { setTimeout as sleep } from "node:timers/promises";

/** What can be stopped and goes on: a process. */
interface Stoppable {
  /** SIGSTOP. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
}

/** From one to the other, in milliseconds. */
type Range = readonly [from: number, to: number];

interface StopPlan {
  /** One of these is stopped at a time. */
  readonly processes: readonly Stoppable[];
  readonly forMs: Range;
  /** From the end of one stop to the next. */
  readonly everyMs: Range;
  readonly durationMs: number;
}

/** How often, and for how many milliseconds at most: a busy machine lets a process go on late. */
export interface Stops {
  readonly count: number;
  readonly longestMs: number;
}

function within([from, to]: Range): number {
  return from + Math.random() * (to - from);
}

/** Stops one process after the other for a while. Resolves when the time is over, and all go on. Never rejects. */
export async function stopNowAndThen({ durationMs, everyMs, forMs, processes }: StopPlan): Promise<Stops> {
  const endsAt = performance.now() + durationMs;
  const tookMs: number[] = [];
  for (;;) {
    const waitMs = within(everyMs);
    const stopMs = within(forMs);
    if (performance.now() + waitMs + stopMs > endsAt) {
      await sleep(Math.max(0, endsAt - performance.now()));
      return { count: tookMs.length, longestMs: Math.max(0, ...tookMs) };
    }
    await sleep(waitMs);
    const process = processes[Math.floor(Math.random() * processes.length)];
    const stoppedAt = performance.now();
    process?.pause();
    await sleep(stopMs);
    process?.resume();
    tookMs.push(performance.now() - stoppedAt);
  }
}
