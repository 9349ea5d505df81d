/**
 * Shows the whole path on this machine: three demo servers registered in a real Consul with TCP checks, and the agent,
 * which watches them and answers DNS. Ends with Ctrl-C, and leaves no process, container or registration behind.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { type DemoConsul, startDemoConsul } from "./demo-consul.ts";

const DNS_ADDRESS = "127.0.0.1:8653";
const OWNER = "_nomad._tcp.headwaiter.internal";
const READY_TIMEOUT_MS = 60_000;

interface DemoServer {
  readonly process: ChildProcess;
  readonly address: string;
  readonly pid: number;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function startServer(): Promise<DemoServer> {
  const child = spawn(
    process.execPath,
    ["scripts/stand-in-server.ts", "--listen", "127.0.0.1:0", "--stdin"],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, "line")) as [string];
  const { address, pid } = JSON.parse(line) as { address: string; pid: number };
  return { process: child, address, pid };
}

/** Each server knows all three: what it answers to the agent's heartbeats. */
function introduce(servers: readonly DemoServer[]): void {
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

function startAgent(consul: DemoConsul): ChildProcess {
  const flags = ["--consul-address", consul.address, "--dns-address", DNS_ADDRESS, "--log-format", "text"];
  return spawn(process.execPath, ["dist/cli/main.js", "agent", ...flags], { stdio: "inherit" });
}

/** The head by DNS, asked until there is one. */
async function firstAnswer(agent: ChildProcess, signal: AbortSignal): Promise<string> {
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers([DNS_ADDRESS]);
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!signal.aborted && Date.now() < deadline && agent.exitCode === null) {
    try {
      const [record] = await resolver.resolveSrv(OWNER);
      if (record !== undefined) {
        return `${record.name}:${record.port}`;
      }
    } catch {
      await sleep(50);
    }
  }
  if (signal.aborted) {
    return "";
  }
  throw new Error(`no SRV answer from ${DNS_ADDRESS}`);
}

function explain(head: string, servers: readonly DemoServer[]): void {
  const [host, port] = DNS_ADDRESS.split(":");
  say(`
The agent answers. The head is ${head}.

  Ask it       dig @${host} -p ${port} ${OWNER} SRV +noall +answer
  All servers  dig @${host} -p ${port} _nomad._tcp.all.headwaiter.internal SRV +noall +answer
  Why          dig @${host} -p ${port} nomad.headwaiter.internal TXT +short
`);
  for (const { address, pid } of servers) {
    const isHead = head.endsWith(`:${address.split(":")[1]}`);
    say(
      `  ${address}   kill -9 ${pid}${isHead ? "   ← the head: kill it, and ask again: another server is named" : ""}`,
    );
  }
  say("\nCtrl-C ends everything.\n");
}

async function main(): Promise<number> {
  const stopped = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      stopped.abort();
    });
  }
  const cleanups: (() => Promise<unknown>)[] = [];
  try {
    say("Starting Consul …");
    const consul = await startDemoConsul();
    cleanups.push(() => consul.stop());
    say(`Consul is ready at ${consul.address}. Starting three demo servers …`);
    const servers = await Promise.all([startServer(), startServer(), startServer()]);
    cleanups.push(() => Promise.all(servers.map(({ process: child }) => end(child, "SIGKILL"))));
    introduce(servers);
    cleanups.push(await consul.register(servers.map(({ address }) => address)));
    const agent = startAgent(consul);
    cleanups.push(() => end(agent, "SIGTERM"));
    const ended = once(agent, "exit");
    const head = await firstAnswer(agent, stopped.signal);
    if (!stopped.signal.aborted) {
      explain(head, servers);
      await Promise.race([ended, once(stopped.signal, "abort")]);
    }
    return stopped.signal.aborted ? 0 : (agent.exitCode ?? 1);
  } finally {
    for (const cleanup of cleanups.reverse()) {
      await cleanup();
    }
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }
}

process.exitCode = await main().catch((error: unknown) => {
  say(`demo: ${error instanceof Error ? error.message : String(error)}`);
  return 1;
});
