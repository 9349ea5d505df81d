import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { METRICS } from "../../../src/views/metrics/definitions.ts";
import { Histogram } from "../../../src/views/metrics/histogram.ts";
import { Samples } from "../../../src/views/metrics/samples.ts";
import { scrapeOf } from "./scrape.ts";

suite("metrics as text and as JSON", () => {
  test("every metric has its help and type, also without a series", () => {
    const comments = new Samples().text().trimEnd().split("\n");
    assert.deepEqual(
      comments,
      Object.entries(METRICS).flatMap(([name, { help, type }]) => [
        `# HELP ${name} ${help}`,
        `# TYPE ${name} ${type}`,
      ]),
    );
  });

  test("series stand below their metric, and values of labels are quoted as the format asks", () => {
    const samples = new Samples();
    samples.add("headwaiter_outages_total", { pool: 'a"b\\c\nd' }, 2);
    samples.add("process_max_fds", {}, Number.POSITIVE_INFINITY);
    samples.add("process_cpu_seconds_total", {}, 0.25);
    const lines = samples.text().split("\n");
    const at = lines.indexOf("# TYPE headwaiter_outages_total counter");
    assert.equal(lines[at + 1], 'headwaiter_outages_total{pool="a\\"b\\\\c\\nd"} 2');
    assert.deepEqual([...scrapeOf(samples.text()).values()], [2, 0.25, Number.POSITIVE_INFINITY]);
  });

  test("a histogram's buckets hold those below them, the last one all", () => {
    const histogram = new Histogram([0.1, 1]);
    for (const value of [0.05, 0.1, 0.5, 7]) {
      histogram.add(value);
    }
    const samples = new Samples();
    samples.addHistogram("headwaiter_ping_duration_seconds", { pool: "web" }, histogram.values());
    assert.deepEqual(
      [...scrapeOf(samples.text())],
      [
        ['headwaiter_ping_duration_seconds_bucket{pool="web",le="0.1"}', 2],
        ['headwaiter_ping_duration_seconds_bucket{pool="web",le="1"}', 3],
        ['headwaiter_ping_duration_seconds_bucket{pool="web",le="+Inf"}', 4],
        ['headwaiter_ping_duration_seconds_sum{pool="web"}', 7.65],
        ['headwaiter_ping_duration_seconds_count{pool="web"}', 4],
      ],
    );
    const { metrics } = samples.json() as { metrics: { name: string; samples: unknown[] }[] };
    assert.deepEqual(metrics.find(({ name }) => name === "headwaiter_ping_duration_seconds")?.samples, [
      {
        labels: { pool: "web" },
        buckets: [
          { le: "0.1", count: 2 },
          { le: "1", count: 3 },
          { le: "+Inf", count: 4 },
        ],
        count: 4,
        sum: 7.65,
      },
    ]);
  });

  test("names follow Prometheus' rules: counters end in _total, others do not, units are base units", () => {
    for (const [name, { help, type }] of Object.entries(METRICS)) {
      assert.match(name, /^(headwaiter|process)_[a-z_]+$/);
      assert.equal(name.endsWith("_total"), type === "counter", name);
      assert.doesNotMatch(name, /(milliseconds|minutes|_ms|_kb|percent)/, name);
      assert.match(help, /^[A-Z0-9].*\.$/, name);
    }
  });
});
