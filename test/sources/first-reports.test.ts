import assert from "node:assert/strict";
import { test } from "node:test";
import { FirstReports } from "../../src/sources/first-reports.ts";

test("complete with the last of the sources, which is told once", () => {
  let told = 0;
  const reports = new FirstReports(["static", "consul"], () => {
    told += 1;
  });
  reports.arrived("consul");
  reports.arrived("consul");
  reports.arrived("push");
  assert.equal(reports.areComplete, false);
  reports.arrived("static");
  reports.arrived("static");
  assert.equal(reports.areComplete, true);
  assert.equal(told, 1);
});

test("complete when there was a server, whoever has yet to report", () => {
  const reports = new FirstReports(["static", "push"], () => {
    assert.fail("nothing changed that was not seen");
  });
  reports.end();
  assert.equal(reports.areComplete, true);
  reports.arrived("static");
  reports.arrived("push");
});

test("without a source complete from the start", () => {
  assert.equal(new FirstReports([], () => undefined).areComplete, true);
});

test("other sources: a new one is waited for, one that is gone is not, and that may have been the last", () => {
  let told = 0;
  const reports = new FirstReports(["static"], () => {
    told += 1;
  });
  reports.expect(["static", "consul"]);
  reports.arrived("static");
  assert.equal(reports.areComplete, false);
  reports.expect(["static"]);
  assert.equal(reports.areComplete, true);
  assert.equal(told, 1);
  reports.expect(["static", "push"]);
  assert.equal(reports.areComplete, false);
  reports.end();
  reports.expect(["consul", "push"]);
  assert.equal(reports.areComplete, true);
});
