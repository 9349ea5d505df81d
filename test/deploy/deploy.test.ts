/**
 * What docs/metrics.md, the alerts and the dashboard say is what is measured. That the alerts fire is tried in
 * integration/metrics.test.ts.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { suite, test } from "node:test";
import { parse } from "yaml";
import { withMetricsTable } from "../../scripts/lab/metrics-table.ts";
import { METRICS } from "../../src/views/metrics/definitions.ts";
import { dashboardQueries } from "./dashboard-queries.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

interface RuleTests {
  readonly tests: readonly {
    readonly alert_rule_test: readonly {
      readonly alertname: string;
      readonly exp_alerts: readonly object[];
    }[];
  }[];
}

const rules = (parse(read("deploy/alerts.yaml")) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);

/** The series that a query or a text names, with the labels that it selects or keeps. */
function namedIn(text: string): readonly { readonly name: string; readonly labels: readonly string[] }[] {
  return [...text.matchAll(/\b((?:headwaiter|process)_[a-z_]+)(\{[^}]*\})?/g)].map(
    ([, name = "", selector = ""]) => ({
      name,
      labels: [...selector.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = ""]) => label),
    }),
  );
}

const definitions: Readonly<
  Record<string, { readonly type: string; readonly labels: readonly string[] } | undefined>
> = METRICS;

/** What is wrong with the series that are named: nothing, when each is one of ours and has these labels. */
function mistakes(text: string): readonly string[] {
  return namedIn(text).flatMap(({ name, labels }) => {
    const histogram = definitions[name.replace(/_(bucket|sum|count)$/, "")];
    const isPart = definitions[name] === undefined && histogram?.type === "histogram";
    const definition = isPart ? histogram : definitions[name];
    if (definition === undefined || (!isPart && definition.type === "histogram")) {
      return [`no such series: ${name}`];
    }
    const known = new Set([...definition.labels, "job", "instance", ...(isPart ? ["le"] : [])]);
    return labels.filter((label) => !known.has(label)).map((label) => `${name} has no label ${label}`);
  });
}

suite("what is said of metrics elsewhere", () => {
  test("the table of docs/metrics.md is made from the definitions: node scripts/metrics-table.ts", () => {
    const page = read("docs/metrics.md");
    assert.equal(page, withMetricsTable(page));
  });

  test("a series that is not there, and a label that it does not have, are noticed", () => {
    assert.deepEqual(mistakes('rate(headwaiter_typo_total{pool="a"}[5m])'), [
      "no such series: headwaiter_typo_total",
    ]);
    assert.deepEqual(mistakes("headwaiter_ping_duration_seconds"), [
      "no such series: headwaiter_ping_duration_seconds",
    ]);
    assert.deepEqual(mistakes('headwaiter_ready{pool="a"}'), ["headwaiter_ready has no label pool"]);
    assert.deepEqual(mistakes('headwaiter_ping_duration_seconds_bucket{pool="a",le="1"}'), []);
  });

  for (const { alert, annotations, expr } of rules) {
    test(`alert ${alert} names series that there are`, () => {
      assert.ok(namedIn(expr).length > 0 || expr.startsWith("up{"));
      assert.deepEqual(mistakes(expr), []);
      assert.deepEqual(Object.values(annotations).flatMap(mistakes), []);
    });
  }

  test("every alert is tried both ways, and is on the page", () => {
    const { tests } = parse(read("test/deploy/alerts.yaml")) as RuleTests;
    const tried = tests.flatMap((each) => each.alert_rule_test);
    const names = (fires: boolean) =>
      [
        ...new Set(
          tried.filter(({ exp_alerts }) => exp_alerts.length > 0 === fires).map((each) => each.alertname),
        ),
      ].sort();
    const all = rules.map(({ alert }) => alert);
    assert.deepEqual(names(true), all.toSorted());
    assert.deepEqual(names(false), all.toSorted());
    const listed = [...read("docs/metrics.md").matchAll(/^\| `([A-Z]\w+)` \|/gm)].map(([, name]) => name);
    assert.deepEqual(listed, all);
  });

  test("every query of the dashboard names series that there are", () => {
    const queries = dashboardQueries();
    assert.ok(queries.length > 30);
    assert.deepEqual(queries.flatMap(mistakes), []);
  });

  test("panels of the dashboard have an id of their own, lie in six rows and do not overlap", () => {
    const { panels } = JSON.parse(read("deploy/dashboard.json")) as {
      panels: {
        id: number;
        type: string;
        title: string;
        gridPos: { x: number; y: number; w: number; h: number };
      }[];
    };
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    assert.deepEqual(
      panels.filter(({ type }) => type === "row").map(({ title }) => title),
      ["Now", "Failover", "Servers", "Sources", "DNS", "Agent"],
    );
    const places = panels.flatMap(({ gridPos: { h, w, x, y } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    );
    assert.equal(new Set(places).size, places.length);
    assert.ok(panels.every(({ gridPos: { w, x } }) => x + w <= 24));
  });
});
