/** What the built agent takes to start and to run. Figures: docs/footprint.md. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { AgentProcess } from "../scripts/lab/agent-process.ts";
import { firstAnswer, PROGRAM } from "../scripts/lab/first-answer.ts";
import { emptyFootprint, measureStart, runMs } from "../scripts/lab/footprint.ts";
import { peakResidentMb, privateMb, residentMb } from "../scripts/lab/process-figures.ts";
import { untilSeen } from "../scripts/lab/until.ts";

test("starts within a few times what Node alone takes", async () => {
  const found = emptyFootprint();
  let alone = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round += 1) {
    alone = Math.min(alone, runMs(process.execPath, ["-e", "0"]));
    await measureStart(PROGRAM, found);
  }
  const text = JSON.stringify({ alone, ...found });
  // Measured: 1.6, 8 and 8 times. A thousand files take 2, 16 and 20 times.
  assert.ok(Math.min(...found.commandMs) < 3 * alone, text);
  assert.ok(Math.min(...found.rememberedMs) < 13 * alone, text);
  assert.ok(Math.min(...found.firstAnswerMs) < 14 * alone, text);
});

/** Says in a file, at the end of a thread, which of Node's own modules it had loaded. */
const TELL_MODULES = `
  import { writeFileSync } from "node:fs";
  import { threadId } from "node:worker_threads";
  process.on("exit", () => writeFileSync(process.env.TOLD + threadId, process.moduleLoadList.join("\\n")));`;

test("loads TLS and HTTP/2 in no thread that does without, and cryptography in the main one alone", async () => {
  const directory = mkdtempSync(join(tmpdir(), "headwaiter-footprint-"));
  try {
    const told = join(directory, "thread-");
    const hook = `--import=data:text/javascript,${encodeURIComponent(TELL_MODULES)}`;
    const web = { servers: ["127.0.0.1:1"], heartbeat: "none", backups: null };
    const environment = { NODE_OPTIONS: hook, TOLD: told };
    await using agent = await AgentProcess.start({ pools: { web } }, [], environment);
    await fetch(`http://127.0.0.1:${agent.httpPort}/v1/pools`);
    assert.equal(await agent.end("SIGTERM"), 0);
    const loaded = (thread: number) =>
      ["crypto", "dgram", "http2", "https", "net", "tls"].filter((name) =>
        readFileSync(`${told}${thread}`, "utf8").split("\n").includes(`NativeModule ${name}`),
      );
    assert.deepEqual(
      [loaded(0), loaded(1)],
      [
        ["crypto", "dgram", "net"],
        ["dgram", "net"],
      ],
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("gives back what it needed to load, and stays small", async () => {
  const directory = mkdtempSync(join(tmpdir(), "headwaiter-footprint-"));
  try {
    const web = { servers: ["127.0.0.1:1"], ping: "none", backups: null };
    await using agent = await firstAnswer(directory, { pools: { web } });
    const { pid } = agent;
    // Measured: 92 MB at most, 81 MB from 15 s on, 34 MB of which no other process has; 5 MB more once V8 optimizes.
    const memory = () => ({ peak: peakResidentMb(pid), now: residentMb(pid), alone: privateMb(pid) });
    await untilSeen(
      "less memory than was needed to load",
      60_000,
      memory,
      ({ alone, now, peak }) => now < peak - 4 && now < 92 && alone < 48,
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});
