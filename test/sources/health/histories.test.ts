/** What holds in every history, whatever fails, heals, comes, leaves, and is reported, in whatever order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { histories, live } from "./histories.ts";

/** Enough to go through every path; more with `HISTORIES=10000`. */
const HISTORIES = Number(process.env["HISTORIES"] ?? 100);

test(`${HISTORIES} histories`, async (context) => {
  const seen = { heads: 0, reports: 0, dials: 0, outages: 0 };
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const life = await live(history);
      const reports = life.changes.filter(
        ({ cause }) => cause.source === "health" && cause.occurrence === "server-failed",
      );
      for (const { cause, order } of reports) {
        assert.notEqual(order[0], cause.server, "a head that failed is not its own successor");
        assert.notEqual(cause.reason ?? "", "", "the reason is kept");
      }
      assert.equal(life.end.status.phase, "up", "servers that are well again are used");
      assert.equal(life.end.status.servers.find(({ role }) => role === "head")?.key, life.end.head);
      assert.deepEqual(life.left, { timers: 0, connections: [] });
      assert.deepEqual(await live(history), life, "it depends on nothing but the history");
      seen.heads += new Set(life.changes.map(({ order }) => order[0])).size;
      seen.reports += reports.length;
      seen.dials += life.dials.length;
      seen.outages += life.lines.filter(({ level }) => level === "error").length;
    }),
    { numRuns: HISTORIES },
  );
  assert.ok(seen.reports > HISTORIES && seen.outages > HISTORIES / 10, JSON.stringify(seen));
  context.diagnostic(JSON.stringify(seen));
});
