import { useState } from "preact/hooks";
import { figuresOf, linePath, roundMaximum } from "../model/plot-lines.ts";
import { clockText } from "../model/times.ts";
import { Shown } from "./shown.tsx";

interface Line {
  readonly name: string;
  readonly samples: readonly (number | null)[];
}

interface LinePlotProps {
  readonly label: string;
  readonly lines: readonly Line[];
  /** Of the first sample, in ms since 1970. */
  readonly from: number;
  readonly stepMs: number;
  readonly shownValue: (value: number) => string;
}

const BOX = { width: 600, height: 100 } as const;

/** Lines over time. Its table says the same in words; arrow keys move the mark. */
export function LinePlot({ from, label, lines, shownValue, stepMs }: LinePlotProps) {
  const [mark, setMark] = useState<number>();
  const figures = lines.map((line) => ({ ...line, ...figuresOf(line.samples) }));
  const most = roundMaximum(Math.max(0, ...figures.map((line) => line.most ?? 0)));
  const count = Math.max(1, ...lines.map(({ samples }) => samples.length));
  const to = from + (count - 1) * stepMs;
  const markAt = mark === undefined ? undefined : from + mark * stepMs;
  const move = (by: number) => {
    setMark(Math.min(count - 1, Math.max(0, (mark ?? count - 1) + by)));
  };
  return (
    <figure class="plot">
      <figcaption>{label}</figcaption>
      <div
        class="canvas"
        role="slider"
        tabIndex={0}
        aria-label={`${label}, at a time`}
        aria-valuemin={0}
        aria-valuemax={count - 1}
        aria-valuenow={mark ?? count - 1}
        aria-valuetext={`${clockText(markAt ?? to, to)}: ${figures
          .map(({ name, samples }) => `${name} ${valueAt(samples, mark ?? count - 1, shownValue)}`)
          .join(", ")}`}
        onKeyDown={(event) => {
          const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -12, PageDown: 12, Home: -count, End: count }[
            event.key
          ];
          if (by !== undefined) {
            event.preventDefault();
            move(by);
          }
        }}
        onPointerMove={({ clientX, currentTarget }) => {
          const { left, width } = currentTarget.getBoundingClientRect();
          setMark(Math.round(Math.min(1, Math.max(0, (clientX - left) / width)) * (count - 1)));
        }}
        onPointerLeave={() => {
          setMark(undefined);
        }}
        onBlur={() => {
          setMark(undefined);
        }}
      >
        <span class="axis top" aria-hidden="true">
          {shownValue(most)}
        </span>
        <svg viewBox={`0 0 ${BOX.width} ${BOX.height}`} preserveAspectRatio="none" aria-hidden="true">
          <line class="grid" x1="0" x2={BOX.width} y1={BOX.height / 2} y2={BOX.height / 2} />
          {figures.map(({ name, samples }, index) => (
            <path key={name} class={`line line-${index % 4}`} d={linePath(samples, most, BOX)} />
          ))}
          {mark !== undefined && (
            <line
              class="mark-line"
              x1={(mark / Math.max(1, count - 1)) * BOX.width}
              x2={(mark / Math.max(1, count - 1)) * BOX.width}
              y1="0"
              y2={BOX.height}
            />
          )}
        </svg>
        <span class="axis times" aria-hidden="true">
          <span>{clockText(from, to)}</span>
          <span>{markAt === undefined ? "" : clockText(markAt, to)}</span>
          <span>{clockText(to, to)}</span>
        </span>
      </div>
      <table class="figures">
        <caption class="unseen">{label}</caption>
        <thead>
          <tr>
            <th scope="col">
              <span class="unseen">Line</span>
            </th>
            <th scope="col" class="number">
              {markAt === undefined ? "last" : clockText(markAt, to)}
            </th>
            <th scope="col" class="number">
              median
            </th>
            <th scope="col" class="number">
              most
            </th>
          </tr>
        </thead>
        <tbody>
          {figures.map(({ last, median, most: top, name, samples }, index) => (
            <tr key={name}>
              <th scope="row">
                <span class={`key line-${index % 4}`} aria-hidden="true" /> <Shown text={name} />
              </th>
              <td class="number">
                {mark === undefined
                  ? last === undefined
                    ? "–"
                    : shownValue(last)
                  : valueAt(samples, mark, shownValue)}
              </td>
              <td class="number">{median === undefined ? "–" : shownValue(median)}</td>
              <td class="number">{top === undefined ? "–" : shownValue(top)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}

function valueAt(
  samples: readonly (number | null)[],
  index: number,
  shownValue: (value: number) => string,
): string {
  const value = samples[index] ?? null;
  return value === null ? "–" : shownValue(value);
}
