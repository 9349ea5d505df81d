/** `headwaiter status`: one line for each problem, or `ok`. */
import { type JsonObject, objectsAt, textAt, timeAt } from "../client/reading.ts";
import type { TimeShower } from "./durations.ts";
import type { Paint, Tone } from "./paint.ts";
import { type Row, tableLines } from "./table.ts";

/** The problems of one pool, and those of the agent as a whole; all without a name. */
export function problemsOf(status: JsonObject, pool: string | undefined): readonly JsonObject[] {
  return objectsAt(status, "problems").filter(
    (problem) => pool === undefined || (textAt(problem, "pool") ?? pool) === pool,
  );
}

const STATE_TONES: Readonly<Record<string, Tone>> = { ok: "good", failing: "bad" };

interface Shown {
  readonly state: string;
  readonly problems: readonly JsonObject[];
  /** By the agent's clock. */
  readonly now: number;
  readonly times: TimeShower;
  readonly paint: Paint;
}

/** As lines. */
export function statusText({ state, problems, now, times, paint }: Shown): readonly string[] {
  const tone = STATE_TONES[state] ?? "warning";
  const rows = problems.map((problem): Row => {
    const since = timeAt(problem, "since_at");
    return [
      { text: state, tone },
      textAt(problem, "pool") ?? "agent",
      textAt(problem, "code") ?? "",
      since === undefined ? "" : times.ago(since, now),
      textAt(problem, "text") ?? "",
    ];
  });
  return rows.length === 0 ? [paint(tone, state)] : tableLines(rows, paint);
}
