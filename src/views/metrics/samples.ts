import { type LabelsOf, METRICS, type MetricName, type NameOf } from "./definitions.ts";

export interface HistogramValues {
  /** Upper bounds, rising. */
  readonly bounds: readonly number[];
  /** How many were up to each bound, not cumulative; one more entry than bounds, for the rest. */
  readonly buckets: readonly number[];
  readonly sum: number;
}

/** One series, or the series of one histogram. */
interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | HistogramValues;
}

/** The values of all metrics at one moment. */
export class Samples {
  readonly #byName = new Map<MetricName, Sample[]>();

  add<Name extends NameOf<"counter" | "gauge">>(name: Name, labels: LabelsOf<Name>, value: number): void {
    this.#add(name, { labels, value });
  }

  addHistogram<Name extends NameOf<"histogram">>(
    name: Name,
    labels: LabelsOf<Name>,
    value: HistogramValues,
  ): void {
    this.#add(name, { labels, value });
  }

  /** Prometheus' text format 0.0.4. */
  text(): string {
    const lines: string[] = [];
    for (const [name, { help, type }] of Object.entries(METRICS)) {
      lines.push(`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`);
      for (const { labels, value } of this.#of(name as MetricName)) {
        const pairs = Object.entries(labels).map(([label, text]) => `${label}="${quoted(text)}"`);
        if (typeof value === "number") {
          lines.push(seriesLine(name, pairs, value));
        } else {
          lines.push(...histogramLines(name, pairs, value));
        }
      }
    }
    lines.push("");
    return lines.join("\n");
  }

  /** The same as a value: of a histogram how many were up to each bound, each with those of the bounds below. */
  json(): object {
    return {
      metrics: Object.entries(METRICS).map(([name, { help, type }]) => ({
        name,
        type,
        help,
        samples: this.#of(name as MetricName).map(({ labels, value }) =>
          typeof value === "number" ? { labels, value } : { labels, ...histogramJson(value) },
        ),
      })),
    };
  }

  #of(name: MetricName): readonly Sample[] {
    return this.#byName.get(name) ?? [];
  }

  #add(name: MetricName, sample: Sample): void {
    const samples = this.#byName.get(name);
    if (samples === undefined) {
      this.#byName.set(name, [sample]);
    } else {
      samples.push(sample);
    }
  }
}

function histogramLines(name: string, pairs: readonly string[], value: HistogramValues): readonly string[] {
  const { buckets, count, sum } = histogramJson(value);
  return [
    ...buckets.map(({ le, count }) => seriesLine(`${name}_bucket`, [...pairs, `le="${le}"`], count)),
    seriesLine(`${name}_sum`, pairs, sum),
    seriesLine(`${name}_count`, pairs, count),
  ];
}

function histogramJson({ bounds, buckets, sum }: HistogramValues) {
  let count = 0;
  const cumulative = buckets.map((own, i) => {
    count += own;
    return { le: shown(bounds[i] ?? Number.POSITIVE_INFINITY), count };
  });
  return { buckets: cumulative, count, sum };
}

function seriesLine(name: string, pairs: readonly string[], value: number): string {
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${shown(value)}`;
}

function shown(value: number): string {
  return value === Number.POSITIVE_INFINITY ? "+Inf" : String(value);
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function quoted(text: string): string {
  return escaped(text).replaceAll('"', '\\"');
}
