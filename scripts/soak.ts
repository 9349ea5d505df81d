/**
 * Healthy servers, a loaded machine, and DNS asked 5,000 times a second: the head must not change.
 *
 *     npm run build && npm run soak -- --minutes 10 [--per-second 5000] [--pauses] [--stops 60]
 *     npm run soak -- --questions 40000000 --per-second 11112 --burners 0 --max-open 200 --every 60
 *
 * Three server processes and the agent at its default settings, and one busy process per core, or as many as
 * `--burners` says, which end by themselves. With `--questions` the rate says how long it takes. Ends with 1 when the
 * head changed, but for a rebalance, or an answer was wrong. Questions are lost when a process gets no turn for longer
 * than its socket's buffer lasts, 55 ms at 5,000 a second; with `--max-open 200` no buffer overflows, and what is lost
 * is the agent's fault: it ends with 1, too. `--every 60` prints the agent's memory and open files once a minute.
 *
 * `--pauses`: a server is stopped for 50 to 150 ms every 0.1 to 1.5 s, as garbage collectors do it. `--stops 60`: the
 * agent itself is stopped for 1 to 60 s now and then.
 */
import { parseArgs } from "node:util";
import { formatFigures, formatSoak, runSoak } from "./lab/soak.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    questions: { type: "string" },
    "per-second": { type: "string", default: "5000" },
    burners: { type: "string" },
    "max-open": { type: "string" },
    every: { type: "string" },
    pauses: { type: "boolean", default: false },
    stops: { type: "string" },
  },
});

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

const perSecond = Number(values["per-second"]);
const questions = numberOf(values.questions);
const maxOpen = numberOf(values["max-open"]);
const every = numberOf(values.every);
const result = await runSoak({
  durationMs: questions === undefined ? Number(values.minutes) * 60_000 : (questions / perSecond) * 1000,
  perSecond,
  burners: numberOf(values.burners),
  maxOpen,
  everyMs: every && every * 1000,
  seen: (figures) => {
    if (every !== undefined) {
      console.log(formatFigures(figures));
    }
  },
  pauses: values.pauses,
  stopsMs: values.stops === undefined ? undefined : [1_000, Number(values.stops) * 1_000],
});
console.log(formatSoak(result));
const isLost = maxOpen !== undefined && result.lost > 0;
process.exitCode = result.headChanges.length === 0 && result.wrong === 0 && !isLost ? 0 : 1;
