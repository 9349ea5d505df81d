import type { Command } from "commander";
import { poolNames } from "../client/pools.ts";
import { clientRun } from "../client-run.ts";
import { CommandFailure } from "../command-failure.ts";
import { bashScript } from "../completion/bash.ts";
import { fishScript } from "../completion/fish.ts";
import { completedCommands } from "../completion/words.ts";
import { zshScript } from "../completion/zsh.ts";

/** Whoever presses Tab waits for no longer. */
const POOLS_TIMEOUT_MS = 300;

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** What can be completed: `pools` is what the scripts themselves ask for. */
export type Completed = keyof typeof SCRIPTS | "pools";

/** A script on standard output; or the names of the pools, none where they can't be had. */
export async function runCompletion(what: Completed, program: Command): Promise<void> {
  const text = what === "pools" ? await poolLines() : SCRIPTS[what](completedCommands(program));
  process.stdout.write(text);
}

async function poolLines(): Promise<string> {
  try {
    const names = await poolNames(clientRun({ timeout: POOLS_TIMEOUT_MS }).client);
    return names.map((name) => `${name}\n`).join("");
  } catch (error) {
    if (error instanceof CommandFailure) {
      return "";
    }
    throw error;
  }
}
