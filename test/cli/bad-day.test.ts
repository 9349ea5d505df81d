/** What a list of servers that are all down costs the program: memory, processor, log. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../../scripts/lab/until.ts";
import { RealAgent } from "../support/real-agent.ts";
import { closedPort } from "../support/scripted-server.ts";

/** Seconds over which the cost is taken, when each server was asked once. */
const WINDOW_SECONDS = 10;

/** Kernel ticks of processor time are hundredths of a second, on every Linux. */
function costOf(pid: number): { readonly cpuSeconds: number; readonly rssMegabytes: number } {
  const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  const [user = 0, system = 0] = fields.split(" ").slice(11, 13).map(Number);
  const [, kilobytes = "0"] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return { cpuSeconds: (user + system) / 100, rssMegabytes: Number(kilobytes) / 1024 };
}

test("4,000 servers that refuse: below 250 MB, a fraction of a core, and no line while it lasts", async (t) => {
  const port = await closedPort(t);
  const servers = Array.from(
    { length: 4_000 },
    (_, i) => `127.1.${Math.floor(i / 250)}.${1 + (i % 250)}:${port}`,
  );
  const agent = await RealAgent.start(t, { config: { pools: { web: { servers, backups: null } } } });
  const isDown = () => agent.lines.some(({ msg }) => msg.startsWith("no server answers"));
  await until(isDown);
  const { pid = 0 } = agent.child;
  const [linesBefore, before] = [agent.lines.length, costOf(pid)];
  assert.ok(linesBefore <= 10, `${linesBefore} lines`);
  await sleep(1_000 * WINDOW_SECONDS);
  const after = costOf(pid);
  assert.equal(agent.lines.length, linesBefore);
  // A quiet machine takes 0.04; one that eight share may take four times as long for the same.
  const share = (after.cpuSeconds - before.cpuSeconds) / WINDOW_SECONDS;
  assert.ok(share < 0.2, `${share} of a core`);
  assert.ok(after.rssMegabytes < 250, `${after.rssMegabytes} MB`);
});
