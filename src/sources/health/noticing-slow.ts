import type { Clock } from "../../core/ports.ts";

/** Resolves and rejects as the answer does; calls `slow` once when that takes longer than `slowMs`. */
export async function noticingSlow<T>(
  clock: Clock,
  slowMs: number,
  slow: () => void,
  answer: Promise<T>,
): Promise<T> {
  const cancel = clock.after(slowMs, slow);
  try {
    return await answer;
  } finally {
    cancel();
  }
}
