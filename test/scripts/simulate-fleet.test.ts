import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { reportOf } from "../../scripts/fleet/fleet-report.ts";
import { Simulation, troublesOf } from "../../scripts/fleet/simulation.ts";
import { seededRandom } from "../../scripts/lab/seeded-random.ts";

const run = promisify(execFile);
const SCRIPT = "scripts/simulate-fleet.ts";

function simulated(agents: number, servers: number, hours = 24) {
  const plan = { agents, servers, hours, seed: 1 };
  const load = new Simulation(plan, seededRandom(plan.seed)).run();
  return { plan, load, report: reportOf(plan, load) };
}

test("a small fleet rebalances at the formula's rate, and each agent has one head at any time", () => {
  const { plan, load, report } = simulated(2_000, 5);
  // 600 to 900 s: 2,000 / 750 s; the first interval's share of 24 h is 1 %.
  assert.ok(Math.abs(report.rebalancesPerSecondOfFleet - 2_000 / 750) < 0.05 * (2_000 / 750));
  assert.ok(Math.abs(report.meanIntervalS - 750) < 2);
  assert.equal(load.headSamples().length, plan.hours * 60);
  for (const heads of load.headSamples()) {
    assert.equal(
      heads.reduce((sum, count) => sum + count, 0),
      plan.agents,
    );
    assert.ok(heads.every((count) => count >= 0));
  }
});

test("a lost server is nobody's head while it is lost; the load is even after it, and after a cut", () => {
  const { plan, load, report } = simulated(2_000, 3);
  const { lostAt, backAt } = troublesOf(plan.hours);
  const heads = load.headsOverTime(0);
  assert.ok(heads.slice(Math.ceil(lostAt / 60), Math.floor(backAt / 60)).every((count) => count === 0));
  assert.ok((heads[lostAt / 60 - 1] ?? 0) > 500);
  assert.ok((report.minutesUntilEven.afterLoss ?? 99) <= 16);
  assert.ok((report.minutesUntilEven.afterCut ?? 99) <= 16);
  assert.ok(report.spread < 1.2);
});

test("at start each agent connects to two servers, and to the one there is", () => {
  const atStart = (servers: number) => {
    const { load } = simulated(900, servers, 1);
    return Array.from({ length: servers }, (_, server) => load.connectionsPerSecond(server)[0] ?? 0);
  };
  assert.equal(
    atStart(3).reduce((sum, count) => sum + count, 0),
    1_800,
  );
  assert.deepEqual(atStart(1), [900]);
});

test("when a server is lost its agents do not all dial the one after the next in that second", () => {
  const { load, plan } = simulated(6_000, 3);
  const { lostAt } = troublesOf(plan.hours);
  const of = (from: number, to: number) =>
    [0, 1, 2].flatMap((server) => load.connectionsPerSecond(server, from).slice(0, to - from));
  const total = (counts: number[]) => counts.reduce((sum, count) => sum + count, 0);
  // A third of the agents, spread over 6,000 / (3 × 64) = 31 s; some were dialling their next server and do it at once.
  assert.ok(total(of(lostAt, lostAt + 1)) < 150, `${total(of(lostAt, lostAt + 1))}`);
  assert.ok(total(of(lostAt + 1, lostAt + 32)) > 1_500, `${total(of(lostAt + 1, lostAt + 32))}`);
  assert.ok(Math.max(...of(lostAt + 1, lostAt + 32)) < 70);
});

test("every agent holds one connection to its next server, but for the time until it is dialled", () => {
  const { load } = simulated(6_000, 3);
  for (const [minute, standbys] of load.standbySamples().entries()) {
    const held = standbys.reduce((sum, count) => sum + count, 0);
    assert.ok(held <= 6_000, `minute ${minute}: ${held}`);
    // Within 31 s of a change, a thirtieth of the agents at most; a lost server holds none.
    const isLost = minute >= 6 * 60 && minute < 8 * 60;
    assert.ok(held >= (isLost ? 2_500 : 5_500), `minute ${minute}: ${held}`);
  }
});

test("the scaled branch slows very large fleets: 100,000 agents on 1 server draw 26 to 39 min", () => {
  const { report } = simulated(100_000, 1, 1);
  assert.ok(Math.abs(report.meanIntervalS - 1_562.5 * 1.25) < 5);
  assert.equal(report.rebalancesPerSecondOfFleet, 0);
});

test("no server sees more than 500 pings of heads a second, and 50 of next servers, of 1,000 to 100,000 agents", () => {
  for (const [agents, hours] of [
    [1_000, 12],
    [10_000, 4],
    [100_000, 1],
  ] as const) {
    const { report } = simulated(agents, 5, hours);
    // The mean over all servers, of which one is lost for a while: those that are left see its share, too.
    assert.ok(report.pings.mean <= 550, `${agents}: ${report.pings.mean}`);
    assert.ok(report.pings.mean >= 480, `${agents}: ${report.pings.mean}`);
    assert.ok(report.pings.peak <= (550 * 5) / 3, `${agents}: ${report.pings.peak} at most`);
  }
  // A fleet that may ping as often as it is told to.
  assert.ok(simulated(200, 5, 1).report.pings.mean <= 200 / 5 / 0.125 + 200 / 5 / 5);
});

test("the script prints its table, and writes the chart", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fleet-"));
  try {
    const svg = join(folder, "fleet.svg");
    const flags = ["--agents", "500", "--servers", "3", "--hours", "2", "--svg", svg];
    const { stdout } = await run(process.execPath, [SCRIPT, ...flags]);
    assert.match(stdout, /^ +500 +3 +0\.\d/m);
    assert.doesNotMatch(stdout, /-- --svg/);
    assert.match(readFileSync(svg, "utf8"), /^<svg .*<polyline .*<\/svg>\n$/s);
    const unasked = await run(process.execPath, [SCRIPT, ...flags.slice(0, 6)]);
    assert.match(unasked.stdout, /^chart: npm run simulate-fleet -- --svg \S+$/m);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a bad flag is one line that names it", async () => {
  for (const flags of [
    ["--agents", "ten"],
    ["--servers", "9"],
    ["--hours", "0"],
    ["--hours", "1,2"],
    ["--colour", "red"],
    ["extra"],
    ["--agents", "10", "--hours", "1", "--svg", "/nonexistent/fleet.svg"],
  ]) {
    await assert.rejects(
      run(process.execPath, [SCRIPT, ...flags]),
      (error: { code: number; stderr: string }) => {
        assert.equal(error.code, 2);
        assert.match(error.stderr, /^simulate-fleet: [^\n]+\n$/);
        return true;
      },
    );
  }
});
