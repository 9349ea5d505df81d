import { setTimeout as sleep } from "node:timers/promises";

/** Asks every 10 ms until the answer pleases; resolves with the milliseconds it took. Fails with what was seen last. */
export async function until<Seen>(
  what: string,
  withinMs: number,
  see: () => Promise<Seen> | Seen,
  pleases: (seen: Seen) => boolean,
): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const seen = await see();
    const tookMs = performance.now() - startedAt;
    if (pleases(seen)) {
      return tookMs;
    }
    if (tookMs > withinMs) {
      throw new Error(`${what}: not within ${withinMs} ms; seen last: ${JSON.stringify(seen)}`);
    }
    await sleep(10);
  }
}
