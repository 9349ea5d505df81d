/** Lines of a plot in a box: from samples to points, with a scale that people read. */

export interface PlotBox {
  readonly width: number;
  readonly height: number;
}

/** The least round number that is not below: 1, 2, 5, 10, 20 … */
export function roundMaximum(most: number): number {
  if (!(most > 0)) {
    return 1;
  }
  const power = 10 ** Math.floor(Math.log10(most));
  const round = [1, 2, 5, 10].find((digit) => digit * power >= most * (1 - 1e-9)) ?? 10;
  return round * power;
}

/** The path of an SVG: a break where nothing was measured. `most` is the top of the box. */
export function linePath(
  samples: readonly (number | null)[],
  most: number,
  { height, width }: PlotBox,
): string {
  const step = width / Math.max(1, samples.length - 1);
  const y = (value: number) => height - (Math.min(value, most) / most) * height;
  return samples
    .map((value, index) => {
      if (value === null) {
        return "";
      }
      const before = samples[index - 1] ?? null;
      const after = samples[index + 1] ?? null;
      const point = `${round(index * step)} ${round(y(value))}`;
      // A sample between two gaps is a dot: a line of no length with round ends.
      return before === null ? (after === null ? `M${point}l0 0` : `M${point}`) : `L${point}`;
    })
    .join("");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

export interface SampleFigures {
  readonly last: number | undefined;
  readonly median: number | undefined;
  readonly most: number | undefined;
}

/** What a plot says in words. */
export function figuresOf(samples: readonly (number | null)[]): SampleFigures {
  const measured = samples.filter((value) => value !== null);
  const sorted = measured.toSorted((one, other) => one - other);
  return { last: measured.at(-1), median: sorted[Math.floor((sorted.length - 1) / 2)], most: sorted.at(-1) };
}
