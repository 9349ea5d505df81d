/**
 * What 64 readers that wait and 32 streams, 8 of them never read, do to DNS at 5,000 questions a second:
 *
 *     npm run build && node scripts/bench/readers.ts [--rounds 40] [--round-ms 500] [--nice 10]
 *
 * The one who asks DNS and all readers are processes of their own, that of the readers with this nice value. The kinds
 * of rounds are held in turn; figures are medians, and × is the median of the ratios to the round without readers just
 * before.
 */
import { parseArgs } from "node:util";
import { median } from "../lab/median.ts";
import { type ReaderRound, type RoundKind, readerRounds } from "../lab/reader-rounds.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "40" },
    "round-ms": { type: "string", default: "500" },
    nice: { type: "string", default: "10" },
  },
});

/** Each beside the one that it is compared with. */
const KINDS: readonly (readonly [kind: RoundKind, words: string, beside: RoundKind])[] = [
  ["calm", "nothing happens, no readers", "calm"],
  ["waiting", "nothing happens, readers wait", "calm"],
  ["changing", "10 changes a second, no readers", "changing"],
  ["told", "10 changes a second, readers are told", "changing"],
  ["elsewhere", "10 changes a second, another program tells its readers as much", "changing"],
];

const seen = await readerRounds({
  kinds: KINDS.map(([kind]) => kind),
  rounds: Number(values.rounds),
  roundMs: Number(values["round-ms"]),
  readersNice: Number(values.nice),
});

const of = (kind: RoundKind, figure: (round: ReaderRound) => number) =>
  median((seen.get(kind) ?? []).map(figure));

const ratio = (kind: RoundKind, beside: RoundKind) => {
  const without = seen.get(beside) ?? [];
  return median((seen.get(kind) ?? []).map(({ p99Ms }, nth) => p99Ms / (without[nth]?.p99Ms ?? Number.NaN)));
};

console.log(
  "| | p50 ms | p99 ms | × | lost | main thread, CPU ms/s | DNS thread, CPU ms/s | and waits for a core |",
);
console.log("|---|---|---|---|---|---|---|---|");
for (const [kind, words, beside] of KINDS) {
  const perSecond = (figure: (round: ReaderRound) => number) =>
    ((of(kind, figure) * 1_000) / Number(values["round-ms"])).toFixed(0);
  const cells = [
    of(kind, ({ p50Ms }) => p50Ms).toFixed(2),
    of(kind, ({ p99Ms }) => p99Ms).toFixed(2),
    ratio(kind, beside).toFixed(2),
    (seen.get(kind) ?? []).reduce((sum, { lost }) => sum + lost, 0),
    perSecond(({ main }) => main.cpuMs),
    perSecond(({ dns }) => dns.cpuMs),
    perSecond(({ dns }) => dns.waitedMs),
  ];
  console.log(`| ${words} | ${cells.join(" | ")} |`);
}
const perEvent = (kind: RoundKind) => of(kind, ({ events, main }) => main.cpuMs / events);
console.log(
  `one change costs the agent ${perEvent("changing").toFixed(1)} ms of CPU without readers, ` +
    `${perEvent("told").toFixed(1)} ms with; resident at most ` +
    `${Math.max(...[...seen.values()].flat().map(({ residentMb }) => residentMb)).toFixed(0)} MB`,
);
