/**
 * The state file's figures: how long a start with every source dead takes until DNS answers from the last known list,
 * beside the start of Node alone, and what is left after kills at random moments of writing. Ends with 1 when a file
 * could not be used.
 *
 * `node scripts/bench/state-file.ts [kills] [starts]`, by default 1,000 and 10: six minutes.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { statePath } from "../../src/state/state-directory.ts";
import { encodeState } from "../../src/state/state-format.ts";
import { systemRandom } from "../../src/system-ports.ts";
import { killedWriters } from "../lab/killed-writers.ts";
import { median } from "../lab/median.ts";
import { rememberedStart } from "../lab/remembered-start.ts";

const [kills = "1000", starts = "10"] = process.argv.slice(2);

function nodeAloneMs(): number {
  const startedAt = performance.now();
  spawnSync(process.execPath, ["-e", "0"], { env: {} });
  return performance.now() - startedAt;
}

function savedList(servers: number): Buffer {
  const saved_at = new Date().toISOString();
  const keys = Array.from({ length: servers }, (_, nth) => `127.0.0.1:${nth + 1}`);
  const list = {
    saved_at,
    servers: keys.map((address) => ({ address, tier: "primary" as const, addresses: ["127.0.0.1"] })),
    head: keys[0] ?? null,
    leader: "",
    num_nodes: 1,
  };
  const body = { instance: "bench", saved_at, last_index: 1, config_hash: "bench", head_changes: [] };
  return encodeState({ ...body, pools: { web: list } });
}

const directory = mkdtempSync(join(tmpdir(), "headwaiter-state-bench-"));
try {
  mkdirSync(join(directory, "data"), { mode: 0o700 });
  for (const servers of [3, 10_000]) {
    const [answers, alone]: [number[], number[]] = [[], []];
    writeFileSync(statePath(join(directory, "data")), savedList(servers));
    for (let nth = 0; nth < Number(starts); nth += 1) {
      alone.push(nodeAloneMs());
      answers.push((await rememberedStart(directory)).ms);
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
