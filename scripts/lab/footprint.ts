/** What a program of ours takes to start and to run, beside Node alone in the same rounds. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { firstAnswer, rememberedStart, rememberServers } from "./first-answer.ts";

/** One list of values for each figure, a value of each round; a figure that a program does not have has no values. */
export interface Footprint {
  /** From the start to the end of a command that does nothing. */
  readonly commandMs: number[];
  /** From the start to the first answer; of the agent, of three configured servers. */
  readonly firstAnswerMs: number[];
  /** To the first answer, of three servers in the state file, while every source is dead. */
  readonly rememberedMs: number[];
  readonly residentMb: number[];
  readonly privateMb: number[];
  /** Milliseconds of processor time in a second in which nobody asks. */
  readonly idleMsPerSecond: number[];
}

export function emptyFootprint(): Footprint {
  return {
    commandMs: [],
    firstAnswerMs: [],
    rememberedMs: [],
    residentMb: [],
    privateMb: [],
    idleMsPerSecond: [],
  };
}

/** Milliseconds from the start to the end of a command. */
export function runMs(command: string, args: readonly string[]): number {
  const startedAt = performance.now();
  const { status } = spawnSync(command, args, { env: {}, stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) {
    throw new Error(`${command} ${args.join(" ")} ended with ${String(status)}`);
  }
  return performance.now() - startedAt;
}

/** Adds one value of each figure of the start. */
export async function measureStart(program: string, found: Footprint): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "headwaiter-footprint-"));
  const servers = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"];
  try {
    found.commandMs.push(runMs(process.execPath, [program, "version"]));
    const configured = { pools: { web: { servers, ping: "none", backups: null } } };
    {
      await using agent = await firstAnswer(directory, configured, program);
      found.firstAnswerMs.push(agent.ms);
    }
    rememberServers(directory, servers.length);
    await using agent = await rememberedStart(directory, program);
    found.rememberedMs.push(agent.ms);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
