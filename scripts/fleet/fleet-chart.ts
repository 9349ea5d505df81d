import type { FleetLoad } from "./fleet-load.ts";
import { type FleetPlan, troublesOf } from "./simulation.ts";

const WIDTH = 960;
const PANEL = 150;
const LEFT = 70;
const GAP = 46;
const COLORS = ["#d1495b", "#00798c", "#edae49", "#66a182", "#2e4057", "#8d6a9f", "#7f7f7f", "#3d5a80"];

export interface ChartPanel {
  readonly title: string;
  /** One series per server, one value per minute. */
  readonly heads: readonly (readonly number[])[];
  readonly connections: readonly (readonly number[])[];
  readonly hours: number;
}

/** What the chart keeps of a simulated fleet. */
export function panelOf(plan: FleetPlan, load: FleetLoad): ChartPanel {
  const servers = Array.from({ length: plan.servers }, (_, server) => server);
  return {
    title: `${plan.agents.toLocaleString("en")} agents, ${plan.servers} ${plan.servers === 1 ? "server" : "servers"}`,
    heads: servers.map((server) => load.headsOverTime(server)),
    // The first minute holds the start of all agents, which would flatten everything else.
    connections: servers.map((server) => [0, ...perMinute(load.connectionsPerSecond(server)).slice(1)]),
    hours: plan.hours,
  };
}

function perMinute(perSecond: readonly number[]): number[] {
  const means: number[] = [];
  for (let from = 0; from + 60 <= perSecond.length; from += 60) {
    means.push(perSecond.slice(from, from + 60).reduce((total, count) => total + count, 0) / 60);
  }
  return means;
}

/** For each fleet, heads per server over time, and below it new connections per second and server. */
export function chartOf(panels: readonly ChartPanel[]): string {
  const height = panels.length * 2 * (PANEL + GAP) + GAP;
  const parts = panels.flatMap((panel, index) => {
    const top = GAP + index * 2 * (PANEL + GAP);
    return [
      graph(`${panel.title}: heads per server`, panel.heads, panel.hours, top),
      graph("new connections per second and server", panel.connections, panel.hours, top + PANEL + GAP),
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

function graph(title: string, series: readonly (readonly number[])[], hours: number, top: number): string {
  const right = WIDTH - 20;
  const most = series.flat().reduce((max, value) => Math.max(max, value), 0) || 1;
  const x = (fraction: number) => (LEFT + fraction * (right - LEFT)).toFixed(1);
  const y = (value: number) => (top + PANEL * (1 - value / most)).toFixed(1);
  const { lostAt, backAt, cutAt, healedAt } = troublesOf(hours);
  const shade = (from: number, to: number, label: string) => {
    const [start, end] = [from, to].map((second) => Number(x(second / (hours * 3600)))) as [number, number];
    return (
      `<rect x="${start}" y="${top}" width="${(end - start).toFixed(1)}" height="${PANEL}" fill="#eee"/>` +
      `<text x="${start + 3}" y="${top + 12}" fill="#777">${label}</text>`
    );
  };
  const lines = series.map((values, server) => {
    const points = values.map((value, minute) => `${x((minute + 1) / values.length)},${y(value)}`).join(" ");
    return `<polyline fill="none" stroke="${COLORS[server % COLORS.length]}" points="${points}"/>`;
  });
  return [
    `<text x="${LEFT}" y="${top - 8}" font-weight="bold">${title}</text>`,
    shade(lostAt, backAt, "server 1 lost"),
    shade(cutAt, healedAt, "datacenter cut off"),
    `<path d="M${LEFT} ${top}V${top + PANEL}H${right}" fill="none" stroke="#999"/>`,
    `<text x="${LEFT - 6}" y="${top + 10}" text-anchor="end">${most.toPrecision(3)}</text>`,
    `<text x="${LEFT - 6}" y="${top + PANEL}" text-anchor="end">0</text>`,
    `<text x="${right}" y="${top + PANEL + 15}" text-anchor="end">${hours} h</text>`,
    ...lines,
  ].join("\n");
}
