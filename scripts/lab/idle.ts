/** What an agent and a client agent of Consul take while both watch the same three servers and nobody asks them. */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { consulClient, consulServer, type RunningConsul } from "./consul-pair.ts";
import { type AnsweringAgent, firstAnswer } from "./first-answer.ts";
import type { Footprint } from "./footprint.ts";
import { privateMb, processCpuMs, residentMb } from "./process-figures.ts";
import { startServers } from "./server-process.ts";

/**
 * In which what connects has connected, the pool is idle, which takes 30 s, and V8 has compiled what runs every few
 * seconds: after a minute it still compiles, and takes nearly as much time for that as for all the rest.
 */
const SETTLED_MS = 240_000;
const WATCHED_MS = 30_000;

/**
 * Adds one value of each. The agents ask the client agent for the pool's backups, as on a node, ping the servers, have
 * a `data_dir`, and take turns beside it.
 */
export async function measureIdle(
  consulBinary: string,
  folder: string,
  builds: readonly { readonly program: string; readonly found: Footprint }[],
  consulFound: Footprint,
): Promise<void> {
  await using servers = await startServers(3);
  await using server = await consulServer(consulBinary, folder, servers.addresses);
  await using client = await consulClient(consulBinary, folder, server.serfPort);
  consulFound.firstAnswerMs.push(client.ms);
  for (const { found, program } of builds) {
    await using agent = await startAgent(folder, client, servers.addresses, program);
    await sleep(SETTLED_MS);
    const before = {
      agent: processCpuMs(agent.pid),
      client: processCpuMs(client.pid),
      at: performance.now(),
    };
    await sleep(WATCHED_MS);
    const seconds = (performance.now() - before.at) / 1000;
    found.idleMsPerSecond.push((processCpuMs(agent.pid) - before.agent) / seconds);
    consulFound.idleMsPerSecond.push((processCpuMs(client.pid) - before.client) / seconds);
    for (const [{ pid }, all] of [
      [agent, found],
      [client, consulFound],
    ] as const) {
      all.residentMb.push(residentMb(pid));
      all.privateMb.push(privateMb(pid));
    }
  }
}

function startAgent(
  folder: string,
  { httpAddress }: RunningConsul,
  servers: readonly string[],
  program: string,
): Promise<AnsweringAgent> {
  const directory = mkdtempSync(join(folder, "agent-"));
  const web = { servers, heartbeat: "nomad", ping: "nomad", backups: { service: "nomad", tag: "rpc" } };
  const settings = {
    consul: { address: httpAddress },
    data_dir: join(directory, "data"),
    pools: { web },
  };
  return firstAnswer(directory, settings, program);
}
