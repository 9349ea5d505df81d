import { sourceInWords } from "../../core/list-words.ts";
import { roundTripText } from "../../core/time/spans.ts";
import { useNow } from "../agent-clock.ts";
import { headBand, sourceBand } from "../model/bands.ts";
import type { LogItem } from "../model/event-log.ts";
import type { HistoryReply, PoolReply } from "../model/replies.ts";
import { sourcesOf } from "../model/sources.ts";
import { timeOf } from "../model/times.ts";
import { Band } from "./band.tsx";
import { LinePlot } from "./line-plot.tsx";

/** As long as the agent's history. */
const SPAN_MS = 900_000;

/** How often the bands move on. */
const STEP_MS = 5_000;

/** Lines that are told apart; a list of backups that were all watched once has more. */
const MOST_LINES = 6;

/** Heads beside one another have different ones; the text says which server it is. */
const HUES = 5;

interface PlotsProps {
  readonly pool: PoolReply;
  readonly items: readonly LogItem[];
  readonly history: HistoryReply | undefined;
}

/** The last quarter of an hour. */
export function Plots({ history, items, pool }: PlotsProps) {
  const now = useNow();
  // A part that is focused would be read out again with each change of its words.
  const to = Math.floor(now / STEP_MS) * STEP_MS;
  const span = { from: to - SPAN_MS, to };
  const present = { head: pool.head?.address, since: timeOf(pool.head?.since_at) };
  const heads = headBand(items, pool.name, span, present);
  const names = [...new Set(heads.map(({ value }) => value))].toSorted();
  const servers = Object.entries(history?.pools[pool.name]?.servers ?? {});
  return (
    <section class="plots" aria-label={`The last 15 minutes of ${pool.name}`}>
      <h3>The last 15 minutes</h3>
      <Band
        label="Head"
        parts={heads}
        classOf={(value) => (value === undefined ? "unknown" : `hue-${names.indexOf(value) % HUES}`)}
      />
      {sourcesOf(pool.sources)
        .filter(([name]) => name !== "static" && name !== "region")
        .map(([name, { state }]) => (
          <Band
            key={name}
            label={sourceInWords(name)}
            parts={sourceBand(items, pool.name, name, span, state)}
            classOf={(value) => (value === "ok" || value === "failing" ? value : "unknown")}
          />
        ))}
      {history && (
        <div class="lines">
          {servers.length > 0 && (
            <LinePlot
              label="Round trip"
              from={Date.parse(history.from_at)}
              stepMs={history.step_ms}
              shownValue={roundTripText}
              lines={servers.slice(0, MOST_LINES).map(([name, { rtt_ms: samples }]) => ({ name, samples }))}
            />
          )}
          <LinePlot
            label="DNS queries per second"
            from={Date.parse(history.from_at)}
            stepMs={history.step_ms}
            shownValue={(value) => (value < 10 ? value.toFixed(1) : String(Math.round(value)))}
            lines={[{ name: "all pools", samples: history.dns.queries }]}
          />
        </div>
      )}
    </section>
  );
}
