/** The table of docs/metrics.md, made from the definitions. */
import { METRICS } from "../../src/views/metrics/definitions.ts";

const BEGIN = "<!-- made by scripts/metrics-table.ts -->\n";
const END = "<!-- end -->";

/** The page with the table as it should be. @throws Error when the marks around it are missing. */
export function withMetricsTable(page: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin === -1 || end < begin) {
    throw new Error(`expected ${BEGIN.trim()} and ${END} around the table`);
  }
  return `${page.slice(0, begin)}${BEGIN}${metricsTable()}${page.slice(end)}`;
}

function metricsTable(): string {
  const rows = Object.entries(METRICS).map(([name, { help, labels, type }]) => {
    const names = labels.map((label) => `\`${label}\``).join(", ");
    return `| \`${name}\` | ${type} | ${names === "" ? "–" : names} | ${help} |\n`;
  });
  return `| name | type | labels | meaning |\n|---|---|---|---|\n${rows.join("")}`;
}
