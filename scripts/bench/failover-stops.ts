/** The head stopped (SIGSTOP) again and again: its kernel goes on to accept connections, and nothing answers. */
import { setTimeout as sleep } from "node:timers/promises";
import { AgentProcess } from "../lab/agent-process.ts";
import { serverAt, startServers } from "../lab/server-process.ts";
import { untilSeen } from "../lab/until.ts";
import { DnsView } from "./failover-dns-view.ts";

/** So that every server has answered for a while before its turn comes: milliseconds. */
const BETWEEN_ROUNDS_MS = 300;

interface StopRounds {
  readonly rounds: number;
  readonly servers: number;
  /** What the heartbeat says of the fleet's size. */
  readonly nodes: number;
  readonly limitMs: number;
  /** The name of the head in DNS. */
  readonly name: string;
}

/** Resolves with the milliseconds of each round from just before the signal until no answer names the stopped head. */
export async function stopHeadsOfFleet(plan: StopRounds): Promise<number[]> {
  const { limitMs, name, nodes, rounds } = plan;
  await using cluster = await startServers(plan.servers);
  const { servers } = cluster;
  await Promise.all(servers.map((server) => server.know({ nodeCount: nodes })));
  const nomad = { servers: cluster.addresses, backups: null, heartbeat: "nomad" };
  await using agent = await AgentProcess.start({ log: { level: "info" }, pools: { nomad } });
  await untilSeen(
    `a fleet of ${nodes} nodes`,
    60_000,
    () => nodesOf(agent),
    (seen) => seen === nodes,
  );
  using view = await DnsView.of(agent.dnsAddress, name);
  const tookMs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // So that nothing that beats in a process is in step with the signals.
    await sleep(BETWEEN_ROUNDS_MS + Math.random() * 500);
    const head = serverAt(servers, `127.0.0.1:${await view.head()}`);
    const dropped = view.drops([head.port], limitMs);
    head.pause();
    tookMs.push((await dropped) ?? limitMs);
    head.resume();
  }
  return tookMs;
}

async function nodesOf({ httpPort }: AgentProcess): Promise<unknown> {
  const reply = await fetch(`http://127.0.0.1:${httpPort}/v1/pools/nomad`);
  const pool = (await reply.json()) as { num_nodes?: unknown };
  return pool.num_nodes;
}
