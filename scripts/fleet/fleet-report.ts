import { headIntervalMs, standbyIntervalMs } from "../../src/core/time/fleet-pace.ts";
import type { FleetLoad } from "./fleet-load.ts";
import { type FleetPlan, fleetOf, HEALTH_INTERVAL_MS, troublesOf } from "./simulation.ts";

/** What one simulated fleet showed. Rates are per second and server unless they say fleet. */
export interface FleetReport {
  readonly plan: FleetPlan;
  readonly rebalancesPerSecondOfFleet: number;
  readonly meanIntervalS: number;
  readonly connections: { readonly mean: number; readonly peak: number; readonly atStart: number };
  readonly pings: { readonly mean: number; readonly peak: number };
  readonly open: { readonly mean: number; readonly peak: number };
  /** The most used server's share of heads over the mean, at the end. */
  readonly spread: number;
  /** Minutes from a trouble's end until the heads are even again; `undefined` when they did not become so. */
  readonly minutesUntilEven: {
    readonly afterLoss: number | undefined;
    readonly afterCut: number | undefined;
  };
}

/** Even: no server's heads differ from the mean by more than 5 %, or by 4 standard deviations of a fair draw. */
function isEven(heads: readonly number[]): boolean {
  const mean = sum(heads) / heads.length;
  const allowed = Math.max(mean * 0.05, 4 * Math.sqrt(mean));
  return heads.every((count) => Math.abs(count - mean) <= allowed);
}

function minutesUntilEven(samples: readonly (readonly number[])[], fromSecond: number): number | undefined {
  const from = Math.floor(fromSecond / 60);
  const minutes = samples.slice(from).findIndex(isEven);
  return minutes === -1 ? undefined : minutes;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function greatest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

export function reportOf(plan: FleetPlan, load: FleetLoad): FleetReport {
  const { servers, hours } = plan;
  const { backAt, healedAt } = troublesOf(hours);
  const numbers = Array.from({ length: servers }, (_, server) => server);
  // The first second is the start of all agents, told apart.
  const perServer = numbers.map((server) => load.connectionsPerSecond(server, 1));
  const open = load.openSamples().flat();
  const heads = load.headSamples();
  const headMs = headIntervalMs(HEALTH_INTERVAL_MS, fleetOf(plan));
  const standbys = load.standbySamples();
  const pings = heads.map((sample, minute) =>
    sample.map((count, server) => {
      const asNext = standbys[minute]?.[server] ?? 0;
      return (1000 * count) / headMs + (1000 * asNext) / standbyIntervalMs(headMs);
    }),
  );
  const last = heads.at(-1) ?? [];
  return {
    plan,
    rebalancesPerSecondOfFleet: load.rebalances / load.seconds,
    meanIntervalS: load.intervalSumMs / load.intervals / 1000,
    connections: {
      mean: sum(perServer.map(sum)) / (servers * (load.seconds - 1)),
      peak: greatest(perServer.map(greatest)),
      atStart: greatest(numbers.map((server) => load.connectionsPerSecond(server)[0] ?? 0)),
    },
    pings: { mean: sum(pings.flat()) / (pings.length * servers), peak: greatest(pings.flat()) },
    open: { mean: sum(open) / open.length, peak: greatest(open) },
    spread: greatest(last) / (sum(last) / servers),
    minutesUntilEven: {
      afterLoss: minutesUntilEven(heads, backAt),
      afterCut: minutesUntilEven(heads, healedAt),
    },
  };
}

const HEADINGS = [
  "agents",
  "servers",
  "rebal/s",
  "interval",
  "conn/s",
  "peak",
  "at start",
  "ping/s",
  "peak",
  "open",
  "peak",
  "spread",
  "even after loss",
  "after cut",
];

export function headingLine(): string {
  return line(HEADINGS);
}

export function reportLine(report: FleetReport): string {
  const { plan, connections, pings, open } = report;
  const minutes = (value: number | undefined) =>
    plan.servers === 1 ? "–" : value === undefined ? "never" : `${value} min`;
  return line([
    String(plan.agents),
    String(plan.servers),
    report.rebalancesPerSecondOfFleet.toFixed(1),
    `${report.meanIntervalS.toFixed(0)} s`,
    connections.mean.toFixed(2),
    String(connections.peak),
    String(connections.atStart),
    pings.mean.toFixed(0),
    pings.peak.toFixed(0),
    open.mean.toFixed(0),
    String(open.peak),
    report.spread.toFixed(3),
    minutes(report.minutesUntilEven.afterLoss),
    minutes(report.minutesUntilEven.afterCut),
  ]);
}

function line(cells: readonly string[]): string {
  return cells.map((cell, column) => cell.padStart(Math.max(9, HEADINGS[column]?.length ?? 0) + 1)).join("");
}

/** The claims of the original's documentation beside what was seen, for the fleets that were simulated. */
export function claimLines(reports: readonly FleetReport[]): string[] {
  const seen = (agents: number, servers: number) =>
    reports.find(({ plan }) => plan.agents === agents && plan.servers === servers);
  const lines: string[] = [];
  const small = seen(10_000, 5);
  if (small !== undefined) {
    const rate = small.rebalancesPerSecondOfFleet.toFixed(1);
    lines.push(
      `10,000 agents, 5 servers: claimed 13 new connections/s for the fleet; seen ${rate} rebalances/s`,
    );
  }
  const single = seen(100_000, 1);
  if (single !== undefined) {
    const minutes = (single.meanIntervalS / 60).toFixed(1);
    lines.push(
      `100,000 agents, 1 server: claimed 26 min between rebalances; drawn ${minutes} min on average (26.0 before jitter), and a list of one is never reordered`,
    );
  }
  const large = seen(100_000, 5);
  if (large !== undefined) {
    const minutes = (large.meanIntervalS / 60).toFixed(1);
    lines.push(
      `100,000 agents, 5 servers: claimed 5 min; drawn ${minutes} min on average, as a server is used at least 10 min`,
    );
  }
  return lines;
}
