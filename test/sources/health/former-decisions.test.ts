/** The monitor against the one that it replaces: both live through the same random histories, and nothing seen of them differs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HealthMonitor } from "../../../src/sources/health/health-monitor.ts";
import { HealthMonitor as FormerMonitor } from "./former/health-monitor.ts";
import { histories, live } from "./histories.ts";

const RUNS = Number(process.env["HISTORIES"] ?? 200);
const SEED = Number(process.env["SEED"] ?? 1);

test(`the same heads, dials, reports, penalties, lines and timers in ${RUNS} histories`, async (context) => {
  const seen = {
    histories: 0,
    heads: 0,
    failures: 0,
    changes: 0,
    dials: 0,
    outages: 0,
    recoveries: 0,
    searches: 0,
  };
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const now = await live(history, HealthMonitor);
      const before = await live(history, FormerMonitor);
      assert.deepEqual(now, before);
      const changes = now.changes as { cause: { occurrence: string; source: string } }[];
      const messages = (now.lines as { message: string }[]).map(({ message }) => message);
      const count = (text: string) => messages.filter((message) => message.startsWith(text)).length;
      seen.histories += 1;
      seen.changes += changes.length;
      seen.failures += changes.filter(
        ({ cause }) => cause.occurrence === "server-failed" && cause.source === "health",
      ).length;
      seen.heads += new Set((now.changes as { order: string[] }[]).map(({ order }) => order[0])).size;
      seen.dials += now.dials.length;
      seen.outages += count("no server answers");
      seen.searches += count("servers failed: the first");
      seen.recoveries += count("a server answers again");
    }),
    { numRuns: RUNS, seed: SEED },
  );
  context.diagnostic(JSON.stringify(seen));
});
