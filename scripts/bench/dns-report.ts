/** Figures as a table and as a chart. */

export interface Row {
  readonly name: string;
  readonly queriesPerSecond: number;
  readonly cpuMicrosPerQuery: number;
  readonly at5000: Latency;
  readonly at20000: Latency;
  readonly lostAt50000: number;
}

interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly lost: number;
  /** Whether it answers as many queries a second as it is to be asked. */
  readonly isReached: boolean;
}

export function table(rows: readonly Row[]): string {
  return [
    "| server | queries/s | CPU µs/query | 5,000/s: p50, p99 ms (lost) | 20,000/s: p50, p99 ms (lost) |",
    "|---|---|---|---|---|",
    ...rows.map(
      ({ name, queriesPerSecond, cpuMicrosPerQuery, at5000, at20000 }) =>
        `| ${name} | ${whole(queriesPerSecond)} | ${fixed(cpuMicrosPerQuery, 1)} | ${latency(at5000)} | ${latency(at20000)} |`,
    ),
  ].join("\n");
}

function latency({ p50Ms, p99Ms, lost, isReached }: Latency): string {
  if (!isReached) {
    return Number.isNaN(p50Ms) ? "–" : "not reached";
  }
  return `${fixed(p50Ms, 2)}, ${fixed(p99Ms, 2)} (${lost})`;
}

function whole(value: number): string {
  return Number.isNaN(value) ? "–" : Math.round(value).toLocaleString("en-US");
}

function fixed(value: number, digits: number): string {
  return Number.isNaN(value) ? "–" : value.toFixed(digits);
}

const BAR_HEIGHT = 22;
const LABEL_WIDTH = 190;
const BAR_WIDTH = 210;
export const PANEL_WIDTH = LABEL_WIDTH + BAR_WIDTH + 80;

/** Two panels of bars: queries per second (longer is better) and CPU per query (shorter is better). */
export function chart(rows: readonly Row[]): string {
  const drawn = rows.filter(({ queriesPerSecond }) => !Number.isNaN(queriesPerSecond));
  const height = 50 + drawn.length * (BAR_HEIGHT + 8);
  const throughput = panel("queries per second, more is better", drawn, (row) => row.queriesPerSecond, whole);
  const cpu = panel(
    "CPU time per query in µs, less is better",
    drawn,
    (row) => row.cpuMicrosPerQuery,
    (value) => fixed(value, 1),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${PANEL_WIDTH * 2}" height="${height}" font-family="sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#ffffff"/>
<g>${throughput}</g>
<g transform="translate(${PANEL_WIDTH} 0)">${cpu}</g>
</svg>
`;
}

export function panel<T extends { readonly name: string }>(
  title: string,
  rows: readonly T[],
  figure: (row: T) => number,
  label: (value: number) => string,
): string {
  const largest = Math.max(...rows.map(figure));
  const bars = rows.map((row, i) => {
    const y = 40 + i * (BAR_HEIGHT + 8);
    const width = Math.max(1, Math.round((figure(row) / largest) * BAR_WIDTH));
    const fill = row.name.startsWith("headwaiter") ? "#1b6e53" : "#9aa5b1";
    return `<text x="${LABEL_WIDTH - 8}" y="${y + 15}" text-anchor="end" fill="#222222">${row.name}</text>
<rect x="${LABEL_WIDTH}" y="${y}" width="${width}" height="${BAR_HEIGHT}" fill="${fill}"/>
<text x="${LABEL_WIDTH + width + 6}" y="${y + 15}" fill="#222222">${label(figure(row))}</text>`;
  });
  return `<text x="12" y="22" font-weight="bold" fill="#222222">${title}</text>\n${bars.join("\n")}`;
}
