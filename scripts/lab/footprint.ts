/** What a program of ours takes to start and to run, beside Node alone in the same rounds. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type AnsweringAgent, firstAnswer, rememberedStart, rememberServers } from "./first-answer.ts";
import { privateMb, residentMb } from "./process-figures.ts";
import { until } from "./until.ts";

/** One list of values for each figure, a value of each round. */
export interface Footprint {
  readonly nodeAloneMs: number[];
  readonly versionMs: number[];
  /** To the first answer, of three configured servers. */
  readonly configuredMs: number[];
  /** To the first answer, of three servers in the state file, while every source is dead. */
  readonly rememberedMs: number[];
  readonly residentMb: number[];
  readonly privateMb: number[];
}

export function emptyFootprint(): Footprint {
  return {
    nodeAloneMs: [],
    versionMs: [],
    configuredMs: [],
    rememberedMs: [],
    residentMb: [],
    privateMb: [],
  };
}

/** Milliseconds from the start to the end of a program of Node's. */
export function runMs(...args: readonly string[]): number {
  const startedAt = performance.now();
  const { status } = spawnSync(process.execPath, args, { env: {}, stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) {
    throw new Error(`node ${args.join(" ")} ended with ${String(status)}`);
  }
  return performance.now() - startedAt;
}

/** Adds one value of each; memory is taken `settledMs` after HTTP answers, too. */
export async function measure(program: string, all: Footprint, settledMs = 0): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "headwaiter-footprint-"));
  const servers = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"];
  try {
    all.nodeAloneMs.push(runMs("-e", "0"));
    all.versionMs.push(runMs(program, "version"));
    const configured = { pools: { web: { servers, ping: "none", backups: null } } };
    {
      await using agent = await firstAnswer(directory, configured, program);
      all.configuredMs.push(agent.ms);
    }
    rememberServers(directory, servers.length);
    await using agent = await rememberedStart(directory, program);
    all.rememberedMs.push(agent.ms);
    await until(() => answersHttp(agent));
    await sleep(settledMs);
    all.residentMb.push(residentMb(agent.pid));
    all.privateMb.push(privateMb(agent.pid));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function answersHttp({ httpPort }: AnsweringAgent): Promise<boolean> {
  return await fetch(`http://127.0.0.1:${httpPort}/v1/agent/health`).then(
    ({ ok }) => ok,
    () => false,
  );
}
