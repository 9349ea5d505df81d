/** Asks DNS at a steady rate for a while, in a process of its own, and says how long answers took. */
import { setTimeout as during } from "node:timers/promises";
import { DnsAsker, MAX_BURST } from "./dns-asker.ts";
import { carryOut, ForkedPart } from "./forked-part.ts";
import { until } from "./until.ts";

interface Round {
  readonly address: string;
  readonly name: string;
  readonly perSecond: number;
  readonly forMs: number;
}

export interface RoundOutcome {
  readonly p50Ms: number;
  /** The time that 99 of 100 answers take at most. */
  readonly p99Ms: number;
  /** Questions without an answer. */
  readonly lost: number;
}

export type DnsRounds = ForkedPart<Round, RoundOutcome>;

/** So much longer than questions are asked, answers are waited for. */
const LATEST_MS = 500;

export function startDnsRounds(): DnsRounds {
  return ForkedPart.start(import.meta.url);
}

async function askedRound({ forMs, ...asked }: Round): Promise<RoundOutcome> {
  const times: number[] = [];
  const asker = await DnsAsker.start({ ...asked, maxOpen: MAX_BURST }, ({ askedAt, at }) =>
    times.push(at - askedAt),
  );
  await during(forMs);
  asker.stop();
  const areAllHere = () => asker.counts.answered === asker.counts.sent;
  // What is not here then is lost, and said to be.
  await until(areAllHere, "the last answers", LATEST_MS).catch(() => undefined);
  const { answered, sent } = asker.counts;
  asker.close();
  const sorted = times.toSorted((one, other) => one - other);
  const percentile = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
  return { p50Ms: percentile(0.5), p99Ms: percentile(0.99), lost: sent - answered };
}

if (import.meta.main) {
  carryOut(askedRound);
}
