/** The memory for new objects, in the program as its users run it; and which code is compiled to be fast. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { until } from "../../scripts/lab/until.ts";
import { RealAgent } from "../support/real-agent.ts";

/**
 * Runs in each thread of the program before its own code. Once a file is there, many objects of the main thread last:
 * it says what they filled.
 */
const BUSY = `
  import { existsSync } from "node:fs";
  import { getHeapSpaceStatistics } from "node:v8";
  import { isMainThread } from "node:worker_threads";
  const size = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space").space_size;
  const look = setInterval(() => {
    if (isMainThread && existsSync(process.env.FILL)) {
      clearInterval(look);
      const before = size();
      let kept = [];
      for (let i = 0; i < 4_000_000; i += 1) {
        kept = kept.length > 500_000 ? [] : kept;
        kept.push({ i });
      }
      process.stderr.write("grown by " + (size() - before) + " bytes");
    }
  }, 1);`;

async function growth(t: TestContext, flag = ""): Promise<number> {
  const options = `${flag} --import=data:text/javascript,${encodeURIComponent(BUSY)}`;
  const directory = mkdtempSync(join(tmpdir(), "headwaiter-heap-"));
  t.after(() => {
    rmSync(directory, { recursive: true });
  });
  const fill = join(directory, "fill");
  const agent = await RealAgent.start(t, { environment: { NODE_OPTIONS: options, FILL: fill } });
  await until(() => agent.lines.some(({ msg }) => msg === "agent started"));
  writeFileSync(fill, "");
  const said = () => /^grown by (\d+) bytes$/m.exec(agent.stderr)?.[1];
  await until(() => said() !== undefined);
  return Number(said());
}

/** Seen: none mostly, 6 MB at most, 19 MB once on a busy machine; 16 to 50 MB where V8 has its way. */
const LITTLE_BYTES = 10_000_000;

/** When V8 collects is by chance. */
const TRIES = 3;

test("the memory for new objects hardly grows when the agent has started, unless Node is told otherwise", async (t) => {
  let bound = Number.POSITIVE_INFINITY;
  for (let tried = 0; tried < TRIES && bound >= LITTLE_BYTES; tried += 1) {
    bound = await growth(t);
  }
  const told = await growth(t, "--max-semi-space-size=64");
  assert.ok(bound < LITTLE_BYTES, `${bound} bytes`);
  assert.ok(told > LITTLE_BYTES, `${told} bytes`);
});

/** Says whether a function is compiled to be fast that ran 8,000 times, where V8 compiles it after 400. */
const OFTEN = `
  if (process.env.LIMITED === "yes") {
    (await import("./src/cli/v8-options.ts")).limitMemoryOfV8();
  }
  const add = (one, other) => one + other;
  const isFast = () => (%GetOptimizationStatus(add) & 16) !== 0;
  for (let turn = 0; turn < 80; turn += 1) {
    for (let i = 0; i < 100; i += 1) {
      add(i, turn);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  // It is compiled by another thread, and taken at a call.
  for (let turn = 0; turn < 200 && !isFast(); turn += 1) {
    add(turn, turn);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  console.log(isFast());`;

for (const [about, limited, options, expected] of [
  ["without the limits", "no", [], "true"],
  ["with them", "yes", [], "false"],
  ["unless Node is told otherwise", "yes", ["--invocation-count-for-maglev=400"], "true"],
] as const) {
  test(`a function that runs 8,000 times is made fast ${about}: ${expected}`, async () => {
    const args = [...options, "--allow-natives-syntax", "--input-type=module", "--eval", OFTEN];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env: { LIMITED: limited } });
    assert.equal(stdout.trim(), expected);
  });
}
