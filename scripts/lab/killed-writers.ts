import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Random } from "../../src/core/ports.ts";
import { readState, removeLeftovers } from "../../src/state/state-directory.ts";
import { endProcess } from "./end-process.ts";

const WRITING = fileURLToPath(new URL("state-writing.ts", import.meta.url));

/** A writer finishes a file in about 5 ms: so long after its first one it is killed somewhere within another. */
const MOST_MS = 25;

/** What the readers found after each kill. */
export interface KilledWriters {
  readonly kills: number;
  /** Files that could not be used, or had no list. */
  readonly unusable: readonly string[];
  /** Kills that left a file behind that was not in its place yet: they hit a write. */
  readonly withinAWrite: number;
}

/** Kills a process that writes the state file, at a random moment, and reads what is there, again and again. */
export async function killedWriters(
  directory: string,
  kills: number,
  random: Random,
): Promise<KilledWriters> {
  const unusable: string[] = [];
  let [withinAWrite, last] = [0, 0];
  for (let kill = 0; kill < kills; kill += 1) {
    const writer = spawn(process.execPath, [WRITING, directory, String(last + 1)], {
      stdio: ["ignore", "pipe", "inherit"],
      timeout: 60_000,
    });
    await once(writer.stdout, "data");
    await delay(random() * MOST_MS);
    await endProcess(writer, "SIGKILL");
    withinAWrite += readdirSync(directory).some((name) => name.endsWith(".tmp")) ? 1 : 0;
    removeLeftovers(directory);
    const found = readState(directory, Date.now());
    if (found.kind !== "state") {
      unusable.push(found.kind === "refused" ? found.reason : "no file");
    } else if (found.body.last_index <= last || found.body.pools["web"]?.servers.length === 0) {
      unusable.push(`an old or empty list: ${found.body.last_index} after ${last}`);
    } else {
      last = found.body.last_index;
    }
  }
  return { kills, unusable, withinAWrite };
}
