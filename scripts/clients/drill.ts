/**
 * How long programs go on with an address after the head has changed. All of them run at once, beside two servers and
 * one agent that is their resolver. Three times: the first head comes, the head changes while the old one lives on, and
 * it changes because the old one dies.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { AgentProcess } from "../lab/agent-process.ts";
import { endProcess } from "../lab/end-process.ts";
import { PeerProcess } from "../lab/peer-process.ts";
import { until } from "../lab/until.ts";
import { type Contender, contenders } from "./contenders.ts";

const PORT = 8000;
const [OLD, NEW] = ["127.0.0.2", "127.0.0.3"];
/** What a client says while it has no answer. */
const NONE = "none";
/** `patience`: seconds, for a client to follow. */
const [folder = ".", patience = "45", ...clients] = process.argv.slice(2);
const patienceMs = Number(patience) * 1_000;

/** A client at work, and when it saw what last. */
class Watched {
  readonly #child: ChildProcess;
  readonly #beside: PeerProcess | undefined;
  readonly #port: number | undefined;
  seen = "";
  at = 0;

  constructor({ beside, command: [file = "", ...rest] }: Contender) {
    const [peer = "", ...args] = beside?.command ?? [];
    this.#beside = beside && new PeerProcess(peer, args);
    this.#port = beside?.port;
    this.#child = spawn(file, rest, { stdio: ["ignore", "pipe", "inherit"] });
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      this.seen = line;
      this.at = performance.now();
    });
  }

  /** Whether what runs beside it serves, or has given up. */
  async isSettled(): Promise<boolean> {
    return this.#port === undefined || this.#beside?.hasEnded() === true || (await accepts(this.#port));
  }

  async stop(): Promise<void> {
    await endProcess(this.#child, "SIGKILL");
    await this.#beside?.stop();
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Says its address to whoever asks. */
async function server(host: string): Promise<Server> {
  const made = createServer((_, reply) => reply.end(host)).listen(PORT, host);
  await once(made, "listening");
  return made;
}

async function end(made: Server): Promise<void> {
  const closed = once(made, "close");
  made.close();
  made.closeAllConnections();
  await closed;
}

/** Makes the first of these hosts the head. */
async function push(agent: AgentProcess, ...hosts: readonly string[]): Promise<void> {
  const servers = hosts.map((host) => ({ address: `${host}:${PORT}` }));
  const reply = await fetch(`http://127.0.0.1:${agent.httpPort}/v1/pools/web/heartbeat`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ servers, num_nodes: 2, leader: `${OLD}:${PORT}`, ttl_seconds: 600 }),
  });
  if (!reply.ok) {
    throw new Error(await reply.text());
  }
}

/**
 * What each client sees is `before`, then something changes. Milliseconds until each sees `after`; `undefined` for
 * those that do not within the patience.
 */
async function followed(
  all: readonly Contender[],
  [before, after]: readonly [string, string],
  change: () => Promise<unknown>,
) {
  const watched = all.map((contender) => new Watched(contender));
  const missing = (host: string) => () =>
    all.filter((_, i) => watched[i]?.seen !== host).map(({ client, setting }) => `${client}, ${setting}`);
  try {
    for (const each of watched) {
      await until(() => each.isSettled());
    }
    await until(() => missing(before)().length === 0, missing(before));
    const changedAt = performance.now();
    await change();
    await until(() => missing(after)().length === 0, missing(after), patienceMs).catch(() => undefined);
    return watched.map(({ at, seen }) => (seen === after ? at - changedAt : undefined));
  } finally {
    await Promise.all(watched.map((each) => each.stop()));
  }
}

function spelled(ms: number | undefined): string {
  return ms === undefined ? `not within ${patience} s` : `${(ms / 1_000).toFixed(1)} s`;
}

const all = contenders(folder).filter(({ client }) => clients.includes(client));
const web = { heartbeat: "push", ping: "tcp", backups: null };
await using agent = await AgentProcess.start({ dns: { address: "127.0.0.1:53" }, pools: { web } });
const [old, next] = [await server(OLD), await server(NEW)];
const comes = await followed(all, [NONE, OLD], () => push(agent, OLD));
const moves = await followed(all, [OLD, NEW], () => push(agent, NEW));
await push(agent, OLD);
await push(agent, OLD, NEW);
const dies = await followed(all, [OLD, NEW], () => end(old));
await end(next);
console.log("| client | looked at | the first head comes | the head changes | the head dies |");
console.log("|---|---|---|---|---|");
for (const [i, { client, setting }] of all.entries()) {
  const times = [comes, moves, dies].map((phase) => spelled(phase[i]));
  console.log(`| ${[client, setting, ...times].join(" | ")} |`);
}
