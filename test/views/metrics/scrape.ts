/** Reads Prometheus' text format, as a scrape does. */
import assert from "node:assert/strict";

/** Each series with its labels, as it is written, and its value. */
export type Scrape = ReadonlyMap<string, number>;

const SERIES = /^([a-z_]+(?:\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+\})?) (-?[0-9.e+-]+|\+Inf)$/;

/** @throws AssertionError when a line is neither a comment nor a series, or a series is there twice. */
export function scrapeOf(text: string): Scrape {
  assert.ok(text.endsWith("\n"));
  const series = new Map<string, number>();
  for (const line of text.trimEnd().split("\n")) {
    if (!/^# (HELP|TYPE) /.test(line)) {
      const [, name = assert.fail(`no series: ${line}`), value = ""] = SERIES.exec(line) ?? [];
      assert.ok(!series.has(name), `twice: ${name}`);
      series.set(name, value === "+Inf" ? Number.POSITIVE_INFINITY : Number(value));
    }
  }
  return series;
}

/** Those whose name and labels fit, without their zeros. */
export function seen(series: Scrape, pattern: RegExp): Readonly<Record<string, number>> {
  return Object.fromEntries([...series].filter(([name, value]) => pattern.test(name) && value !== 0));
}
