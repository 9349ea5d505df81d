/**
 * The state file's figures: how long a start with every source dead takes until DNS answers from the last known list,
 * beside the start of Node alone, and what is left after kills at random moments of writing. Ends with 1 when a file
 * could not be used.
 *
 * `node scripts/bench/state-file.ts [kills] [starts]`, by default 1,000 and 10: six minutes.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemRandom } from "../../src/system-ports.ts";
import { rememberedStart, rememberServers } from "../lab/first-answer.ts";
import { runMs } from "../lab/footprint.ts";
import { killedWriters } from "../lab/killed-writers.ts";
import { median } from "../lab/median.ts";

const [kills = "1000", starts = "10"] = process.argv.slice(2);

const directory = mkdtempSync(join(tmpdir(), "headwaiter-state-bench-"));
try {
  for (const servers of [3, 10_000]) {
    const [answers, alone]: [number[], number[]] = [[], []];
    rememberServers(directory, servers);
    for (let nth = 0; nth < Number(starts); nth += 1) {
      alone.push(runMs(process.execPath, ["-e", "0"]));
      await using agent = await rememberedStart(directory);
      answers.push(agent.ms);
    }
    const figures = `${Math.round(median(answers))} ms, Node alone ${Math.round(median(alone))} ms`;
    console.log(`first answer from a list of ${servers}, median of ${starts}: ${figures}`);
  }
  const { unusable, withinAWrite } = await killedWriters(directory, Number(kills), systemRandom);
  console.log(`${kills} kills, ${withinAWrite} within a write: ${unusable.length} files that can't be used`);
  for (const reason of unusable) {
    console.log(reason);
  }
  process.exitCode = unusable.length === 0 ? 0 : 1;
} finally {
  rmSync(directory, { recursive: true });
}
