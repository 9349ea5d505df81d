import { useState } from "preact/hooks";
import { ageText, spanText } from "../../core/time/spans.ts";
import type { BandPart } from "../model/bands.ts";
import { clockText } from "../model/times.ts";
import { Shown } from "./shown.tsx";

interface BandProps {
  readonly label: string;
  readonly parts: readonly BandPart[];
  /** A class for each value. */
  readonly classOf: (value: string | undefined) => string;
}

/** Steps over time; each part can be pointed at and focused, and says then what it was and why it began. */
export function Band({ classOf, label, parts }: BandProps) {
  const [shown, setShown] = useState<number>();
  const part = shown === undefined ? undefined : parts[shown];
  const last = parts.at(-1);
  return (
    <figure class="band">
      <figcaption>{label}</figcaption>
      <ol aria-label={label}>
        {parts.map((each, index) => (
          <li key={index === 0 ? "first" : each.from} style={{ flexGrow: Math.max(1, each.to - each.from) }}>
            <button
              type="button"
              class={classOf(each.value)}
              aria-label={partInWords(each, last?.to ?? 0)}
              onMouseEnter={() => {
                setShown(index);
              }}
              onMouseLeave={() => {
                setShown(undefined);
              }}
              onFocus={() => {
                setShown(index);
              }}
              onBlur={() => {
                setShown(undefined);
              }}
            >
              <span aria-hidden="true">{each.value ?? ""}</span>
            </button>
          </li>
        ))}
      </ol>
      <p class="readout" aria-hidden="true">
        {part === undefined ? (
          <span class="quiet">{changesInWords(parts.length - 1)} in this time</span>
        ) : (
          <Shown text={partInWords(part, last?.to ?? 0)} />
        )}
      </p>
    </figure>
  );
}

function changesInWords(count: number): string {
  return count < 1 ? "no change" : count === 1 ? "1 change" : `${count} changes`;
}

function partInWords({ cause, from, to, value }: BandPart, now: number): string {
  const until = to >= now ? "now" : clockText(to, now);
  const span = to - from < 10_000 ? spanText(to - from) : ageText(to - from);
  const why = cause === "" ? "" : `: ${cause}`;
  return `${clockText(from, now)} to ${until} (${span}) ${value ?? "not known"}${why}`;
}
