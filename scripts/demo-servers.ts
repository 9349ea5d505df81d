/** The demo's servers: stand-in Nomad servers as processes, to be killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { endProcess } from "./lab/end-process.ts";

export interface DemoServer {
  /** `127.0.0.1:port` */
  readonly address: string;
  readonly pid: number;
  end(): Promise<void>;
}

/** They know each other: what they answer to the agent's heartbeats. They end with this process at the latest. */
export async function startDemoServers(count: number): Promise<DemoServer[]> {
  const started = await Promise.all(Array.from({ length: count }, startServer));
  introduce(started);
  return started.map(({ process: child, address, pid }) => ({
    address,
    pid,
    end: () => endProcess(child, "SIGKILL"),
  }));
}

interface StartedServer {
  readonly process: ChildProcess;
  readonly address: string;
  readonly pid: number;
}

async function startServer(): Promise<StartedServer> {
  const flags = ["--listen", "127.0.0.1:0", "--stdin"];
  const child = spawn(process.execPath, ["scripts/stand-in-server.ts", ...flags], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(lines, "line"), once(lines, "close")])) as [string?];
  if (line === undefined) {
    throw new Error("a demo server ended before it listened");
  }
  const { address, pid } = JSON.parse(line) as { address: string; pid: number };
  return { process: child, address, pid };
}

function introduce(servers: readonly StartedServer[]): void {
  const members = servers.map(({ address }, i) => ({
    name: `demo-${i + 1}`,
    address,
    datacenter: "dc1",
    status: "alive",
  }));
  for (const [i, { process: child }] of servers.entries()) {
    const view = { name: `demo-${i + 1}`, members, leader: servers[0]?.address ?? "" };
    child.stdin?.write(`${JSON.stringify({ view })}\n`);
  }
}
