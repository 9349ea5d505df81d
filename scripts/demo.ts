/**
 * Shows the whole path on this machine: three demo servers registered in a real Consul with TCP checks, and the agent,
 * which watches them and answers DNS. Ends with Ctrl-C, and leaves no process, container or registration behind.
 *
 *     npm run demo -- [--dns-address 127.0.0.1:8653] [--http-address 127.0.0.1:8654]
 */
import { type ChildProcess, spawn } from "node:child_process";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { CONSUL_KINDS, type ConsulKind, type DemoConsul, startDemoConsul } from "./demo-consul.ts";
import { type DemoServer, startDemoServers } from "./demo-servers.ts";
import { endProcess } from "./lab/end-process.ts";

const OWNER = "_nomad._tcp.headwaiter.internal";
/**
 * Not `nomad`: real Nomad clients look for their servers there. The tag tells this demo's servers from another's that
 * uses the same Consul.
 */
const DEMO_SERVICE = { service: "headwaiter-demo", tag: `demo-${process.pid}` };
const READY_TIMEOUT_MS = 60_000;

interface Addresses {
  readonly dns: string;
  readonly http: string;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function parseFlags() {
  const { values } = parseArgs({
    options: {
      consul: { type: "string", default: "" },
      "dns-address": { type: "string", default: "127.0.0.1:8653" },
      "http-address": { type: "string", default: "127.0.0.1:8654" },
    },
  });
  const kind = CONSUL_KINDS.find((known) => known === values.consul);
  if (kind === undefined) {
    throw new Error(`--consul: expected ${CONSUL_KINDS.join(", ")}, got ${JSON.stringify(values.consul)}`);
  }
  return { kind, addresses: { dns: values["dns-address"], http: values["http-address"] } };
}

/** Its pool `nomad` takes the demo's service for its backups. The configuration file is in that folder. */
function startAgent(
  consul: DemoConsul,
  { dns, http }: Addresses,
  folder: string,
  kind: ConsulKind,
): ChildProcess {
  const file = join(folder, "demo.json");
  writeFileSync(file, JSON.stringify({ pools: { nomad: { backups: DEMO_SERVICE } } }));
  const flags = ["--config", file, "--consul-address", consul.address, "--log-format", "text"];
  const program = ["dist/cli/main.js", "agent", ...flags, "--dns-address", dns, "--http-address", http];
  return spawn(process.execPath, program, { stdio: "inherit", env: environmentFor(kind) });
}

/** The variables of Consul's tools are about the Consul that was there before, not about one of the demo's own. */
function environmentFor(kind: ConsulKind): NodeJS.ProcessEnv {
  const all = Object.entries(process.env);
  return Object.fromEntries(all.filter(([name]) => kind === "given" || !name.startsWith("CONSUL_")));
}

/**
 * The head by DNS, asked until it is one of these servers: another demo's agent may have the port. Nothing when the
 * agent has ended, which has then said why, or when the signal came.
 */
async function firstAnswer(
  dnsAddress: string,
  servers: readonly DemoServer[],
  hasEnded: () => boolean,
): Promise<DemoServer | undefined> {
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers([dnsAddress]);
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!hasEnded()) {
    const [record] = await resolver.resolveSrv(OWNER).catch(() => []);
    const head = servers.find(({ address }) => address.endsWith(`:${record?.port ?? ""}`));
    if (head !== undefined) {
      return head;
    }
    if (Date.now() > deadline) {
      throw new Error(`no SRV answer from ${dnsAddress}`);
    }
    await sleep(50);
  }
  return undefined;
}

function explain(head: DemoServer, servers: readonly DemoServer[], { dns, http }: Addresses): void {
  const [host, port] = dns.split(":");
  say(`
The agent answers. The head is ${head.address}.

  Ask it       dig @${host} -p ${port} ${OWNER} SRV +noall +answer
  All servers  dig @${host} -p ${port} _nomad._tcp.all.headwaiter.internal SRV +noall +answer
  Why          dig @${host} -p ${port} nomad.headwaiter.internal TXT +short
  The page     http://${http}/ui/
`);
  for (const server of servers) {
    const mark = server === head ? "   ← the head: kill it, and ask again: another server is named" : "";
    say(`  ${server.address}   kill -9 ${server.pid}${mark}`);
  }
  say("\nCtrl-C ends everything.\n");
}

type Cleanups = (() => unknown)[];

/** Resolves with the exit code, after the signal or the agent's end. What it has started it adds to the clean-ups. */
async function show(stopped: AbortSignal, cleanups: Cleanups): Promise<number> {
  const { kind, addresses } = parseFlags();
  say("Starting Consul …");
  const consul = await startDemoConsul(kind);
  cleanups.push(() => consul.stop());
  say(`Consul is ready at ${consul.address}. Starting three demo servers …`);
  const servers = await startDemoServers(3);
  cleanups.push(() => Promise.all(servers.map((server) => server.end())));
  const serverAddresses = servers.map(({ address }) => address);
  cleanups.push(await consul.register(serverAddresses, DEMO_SERVICE));
  const folder = mkdtempSync(join(tmpdir(), "headwaiter-demo-"));
  cleanups.push(() => {
    rmSync(folder, { recursive: true });
  });
  const agent = startAgent(consul, addresses, folder, kind);
  cleanups.push(() => endProcess(agent, "SIGTERM"));
  const ended = once(agent, "exit");
  const hasEnded = () => stopped.aborted || agent.exitCode !== null || agent.signalCode !== null;
  const head = await firstAnswer(addresses.dns, servers, hasEnded);
  if (head !== undefined) {
    explain(head, servers, addresses);
    await Promise.race([ended, once(stopped, "abort")]);
  }
  return agent.exitCode ?? 1;
}

async function main(): Promise<number> {
  const stopped = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      stopped.abort();
    });
  }
  const cleanups: Cleanups = [];
  try {
    const code = await show(stopped.signal, cleanups);
    return stopped.signal.aborted ? 0 : code;
  } catch (error) {
    // Ctrl-C reaches what is being started, too: that it did not get ready is then no failure.
    if (stopped.signal.aborted) {
      return 0;
    }
    throw error;
  } finally {
    for (const cleanup of cleanups.reverse()) {
      await cleanup();
    }
  }
}

process.exitCode = await main().catch((error: unknown) => {
  say(`demo: ${error instanceof Error ? error.message : String(error)}`);
  return 1;
});
