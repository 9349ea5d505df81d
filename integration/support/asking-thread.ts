/** Asks for one round in a thread of its own, so that whatever else its process does is not taken for the server's. */
import { once } from "node:events";
import { setTimeout as during } from "node:timers/promises";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { DnsAsker, MAX_BURST } from "../../scripts/lab/dns-asker.ts";

interface Round {
  readonly address: string;
  readonly name: string;
  readonly perSecond: number;
  readonly forMs: number;
}

interface Outcome {
  /** The time that 99 of 100 answers take at most. */
  readonly p99Ms: number;
  /** Questions without an answer. */
  readonly lost: number;
}

/** Answers are waited for a little longer than questions are asked. */
const LATE_MS = 500;

export async function askInThread(round: Round): Promise<Outcome> {
  const thread = new Worker(new URL(import.meta.url), { workerData: round });
  const [outcome] = (await once(thread, "message")) as [Outcome];
  await thread.terminate();
  return outcome;
}

if (!isMainThread && parentPort !== null) {
  const { forMs, ...asked } = workerData as Round;
  const times: number[] = [];
  const asker = await DnsAsker.start({ ...asked, maxOpen: MAX_BURST }, ({ askedAt, at }) =>
    times.push(at - askedAt),
  );
  await during(forMs);
  asker.stop();
  await during(LATE_MS);
  const { answered, sent } = asker.counts;
  asker.close();
  const sorted = times.toSorted((one, other) => one - other);
  const p99Ms = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN;
  parentPort.postMessage({ p99Ms, lost: sent - answered } satisfies Outcome);
}
