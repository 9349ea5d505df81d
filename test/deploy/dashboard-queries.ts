import { readFileSync } from "node:fs";

interface Panel {
  readonly targets?: readonly { readonly expr: string }[];
}

/** The queries of deploy/dashboard.json as Prometheus gets them: with values in place of Grafana's variables. */
export function dashboardQueries(): readonly string[] {
  const text = readFileSync(new URL("../../deploy/dashboard.json", import.meta.url), "utf8");
  const { panels } = JSON.parse(text) as { panels: readonly Panel[] };
  return panels
    .flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
    .map((expr) =>
      expr
        .replaceAll(/\$__(rate_interval|range)/g, "5m")
        .replaceAll("$job", "headwaiter")
        .replaceAll(/\$(pool|instance)\b/g, ".*"),
    );
}
