/** The memory for new objects, in the program as its users run it. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
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

test("it hardly grows when the agent has started, unless Node is told otherwise", async (t) => {
  let bound = Number.POSITIVE_INFINITY;
  for (let tried = 0; tried < TRIES && bound >= LITTLE_BYTES; tried += 1) {
    bound = await growth(t);
  }
  const told = await growth(t, "--max-semi-space-size=64");
  assert.ok(bound < LITTLE_BYTES, `${bound} bytes`);
  assert.ok(told > LITTLE_BYTES, `${told} bytes`);
});
