/**
 * Simulates fleets of agents with the real core under a virtual clock, and reports what their servers would see.
 *
 *   npm run simulate-fleet -- [--agents 10000,100000,1000000] [--servers 1,3,5,7] [--hours 24] [--seed 1] [--svg FILE]
 *
 * All agents start in the same second. Of 24 hours, server 1 is lost from hour 6 to 8, and the first of three
 * datacenters is cut off from hour 12 to 13; with other hours in proportion. The same seed gives the same table. All
 * fleets together take half a minute and 350 MiB.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type ChartPanel, chartOf, panelOf } from "./fleet/fleet-chart.ts";
import { claimLines, type FleetReport, headingLine, reportLine, reportOf } from "./fleet/fleet-report.ts";
import { Simulation } from "./fleet/simulation.ts";
import { seededRandom } from "./lab/seeded-random.ts";

/** A list of 8 servers has 40,320 orders; of 9 they no longer fit 16 bits. */
const MAX_SERVERS = 8;
const MAX_AGENTS = 2_000_000;

class UsageError extends Error {}

function numbersOf(flag: string, text: string, max: number): number[] {
  return text.split(",").map((part) => {
    const value = Number(part);
    if (!/^\d+$/.test(part) || value < 1 || value > max) {
      throw new UsageError(
        `--${flag} ${text}: expected whole numbers from 1 to ${max}, separated by commas; got "${part}"`,
      );
    }
    return value;
  });
}

function numberOf(flag: string, text: string, max: number): number {
  const numbers = numbersOf(flag, text, max);
  if (numbers[0] === undefined || numbers.length > 1) {
    throw new UsageError(`--${flag} ${text}: expected one number`);
  }
  return numbers[0];
}

function flagsOf(args: string[]) {
  const options = {
    agents: { type: "string", default: "10000,100000,1000000" },
    servers: { type: "string", default: "1,3,5,7" },
    hours: { type: "string", default: "24" },
    seed: { type: "string", default: "1" },
    svg: { type: "string" },
  } as const;
  let values: ReturnType<typeof parseArgs<{ options: typeof options }>>["values"];
  try {
    ({ values } = parseArgs({ args, options }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  return {
    agents: numbersOf("agents", values.agents, MAX_AGENTS),
    servers: numbersOf("servers", values.servers, MAX_SERVERS),
    hours: numberOf("hours", values.hours, 240),
    seed: numberOf("seed", values.seed, 2 ** 31),
    svg: values.svg,
  };
}

function simulate({ agents, servers, hours, seed, svg }: ReturnType<typeof flagsOf>): void {
  const reports: FleetReport[] = [];
  const panels: ChartPanel[] = [];
  console.log(
    `${hours} virtual hours, seed ${seed}; rates per second and server, "rebal/s" of the fleet, "at start" in the first second\n`,
  );
  console.log(`${headingLine()}      took`);
  for (const fleet of agents) {
    for (const count of servers) {
      const startedAt = performance.now();
      const plan = { agents: fleet, servers: count, hours, seed };
      const load = new Simulation(plan, seededRandom(seed)).run();
      const report = reportOf(plan, load);
      reports.push(report);
      panels.push(panelOf(plan, load));
      const seconds = (performance.now() - startedAt) / 1000;
      console.log(`${reportLine(report)} ${`${seconds.toFixed(1)} s`.padStart(9)}`);
    }
  }
  const claims = claimLines(reports);
  if (claims.length > 0) {
    console.log(`\n${claims.join("\n")}`);
  }
  console.log(`\npeak memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`);
  if (svg === undefined) {
    console.log("chart: npm run simulate-fleet -- --svg fleet.svg");
  } else {
    writeFileSync(svg, chartOf(panels));
    console.log(`chart: ${svg}`);
  }
}

try {
  simulate(flagsOf(process.argv.slice(2)));
} catch (error) {
  const isUsers = error instanceof UsageError || (error instanceof Error && "code" in error);
  if (!isUsers) {
    throw error;
  }
  console.error(`simulate-fleet: ${error.message}`);
  process.exitCode = 2;
}
