/**
 * How much sooner the head moves when a program reports it: `node scripts/bench/reports.ts [ROUNDS]`. At default
 * settings a head hangs, or serves the connections that it has and refuses new ones; once with a report in the same
 * moment, once without. Prints medians.
 */
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { AgentProcess } from "../lab/agent-process.ts";
import { startServers } from "../lab/server-process.ts";
import { until, untilSeen } from "../lab/until.ts";

const ROUNDS = Number(process.argv[2] ?? 20);
/** A head that nobody notices is given so long. */
const PATIENCE_MS = 5_000;

/** How a head fails, and what undoes it. */
interface Failing {
  readonly pools: object;
  readonly fail: (head: string) => void;
}

async function report(agent: AgentProcess, head: string): Promise<void> {
  const reply = await fetch(`http://127.0.0.1:${agent.httpPort}/v1/pools/nomad/servers/${head}/failed`, {
    method: "POST",
  });
  await reply.arrayBuffer();
}

/** Milliseconds from the failure to another head in DNS. */
async function roundOf({ fail, pools }: Failing, isReported: boolean): Promise<number> {
  await using agent = await AgentProcess.start({ log: { level: "info" }, pools });
  const headOf = async () => (await agent.srv("_nomad._tcp"))[0];
  const isWatched = async () => {
    const reply = await fetch(`http://127.0.0.1:${agent.httpPort}/v1/pools/nomad`);
    const { servers } = (await reply.json()) as { servers: { watch: { phase: string } | null }[] };
    return servers.filter(({ watch }) => watch?.phase === "up").length === 2;
  };
  await until(isWatched);
  const head = (await headOf()) ?? "";
  const startedAt = performance.now();
  fail(head);
  if (isReported) {
    // The agent is ended as soon as its answers are of another head: who reported may not hear of it.
    report(agent, head).catch(() => undefined);
  }
  const moved = untilSeen("another head", PATIENCE_MS, headOf, (seen) => seen !== undefined && seen !== head);
  return await moved.then(() => performance.now() - startedAt).catch(() => Number.POSITIVE_INFINITY);
}

function spelled(times: readonly number[]): string {
  const sorted = times.toSorted((one, other) => one - other);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return Number.isFinite(median) ? `${Math.round(median)} ms` : `not within ${PATIENCE_MS / 1_000} s`;
}

async function hanging(isReported: boolean): Promise<number> {
  await using cluster = await startServers(3);
  const pools = { nomad: { servers: cluster.addresses, heartbeat: "none", backups: null } };
  const fail = (head: string) => cluster.servers.find(({ address }) => address === head)?.pause();
  return await roundOf({ pools, fail }, isReported);
}

/** Goes on with the connections that it has. */
async function refusing(isReported: boolean): Promise<number> {
  const sockets = new Set<Socket>();
  const servers = [0, 1, 2].map(() =>
    createServer((socket) => sockets.add(socket.on("error", () => undefined))),
  );
  for (const server of servers) {
    await once(server.listen(0, "127.0.0.1"), "listening");
  }
  const addressOf = (server: (typeof servers)[number]) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? `127.0.0.1:${address.port}` : "";
  };
  const byAddress = new Map(servers.map((server) => [addressOf(server), server]));
  const pools = {
    nomad: { servers: [...byAddress.keys()], ping: "tcp", heartbeat: "none", backups: null },
  };
  try {
    return await roundOf({ pools, fail: (head) => byAddress.get(head)?.close() }, isReported);
  } finally {
    for (const socket of sockets) {
      socket.destroy();
    }
    for (const server of servers) {
      server.close();
    }
  }
}

console.log("| the head | by pings alone | with a report |\n|---|---|---|");
for (const [what, failing] of [
  ["hangs", hanging],
  ["refuses new connections", refusing],
] as const) {
  const [alone, reported]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    alone.push(await failing(false));
    reported.push(await failing(true));
  }
  console.log(`| ${what} | ${spelled(alone)} | ${spelled(reported)} |`);
}
