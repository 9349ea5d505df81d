/** `headwaiter events`: a line for each event, in columns that become wider with what they hold. */
import { type JsonObject, numberAt, textAt, timeAt } from "../client/reading.ts";
import type { TimeShower } from "./durations.ts";
import type { Paint, Tone } from "./paint.ts";
import { type Row, tableLines } from "./table.ts";

const TONES: Readonly<Record<string, Tone>> = { warn: "warning", error: "bad" };

/** `warn`, `nomad` and `head-changed`: most lines fit from the first on. */
const FIRST_WIDTHS = ["12:00:04.117".length, "warn".length, "nomad".length, "head-changed".length];

export class EventLines {
  readonly #times: TimeShower;
  readonly #paint: Paint;
  #widths: readonly number[] = FIRST_WIDTHS;

  constructor(times: TimeShower, paint: Paint) {
    this.#times = times;
    this.#paint = paint;
  }

  lineOf(event: JsonObject): string {
    const severity = textAt(event, "severity") ?? (textAt(event, "kind") === "gap" ? "warn" : "info");
    const row = [
      this.#time(event),
      { text: severity, tone: TONES[severity] ?? "plain" },
      textAt(event, "pool") ?? "-",
      textAt(event, "kind") ?? "?",
      textAt(event, "kind") === "gap" ? gapText(event) : (textAt(event, "summary") ?? ""),
    ] satisfies Row;
    const texts = row.map((cell) => (typeof cell === "string" ? cell : cell.text));
    this.#widths = this.#widths.map((width, column) => Math.max(width, texts[column]?.length ?? 0));
    return tableLines([row], this.#paint, this.#widths)[0] ?? "";
  }

  #time(event: JsonObject): string {
    const at = timeAt(event, "at");
    return at === undefined ? "" : this.#times.exact(at);
  }
}

/** What is gone from the journal, or was never sent. */
function gapText(gap: JsonObject): string {
  const lost = numberAt(gap, "lost");
  const what = lost === undefined ? "events are" : lost === 1 ? "1 event is" : `${lost} events are`;
  return `${what} gone between index ${numberAt(gap, "after") ?? "?"} and ${numberAt(gap, "oldest") ?? "?"}`;
}
