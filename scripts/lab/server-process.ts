import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { StandInFault } from "../../src/dev/stand-in-session.ts";
import type { StandInView } from "../../src/dev/stand-in-view.ts";
import { endProcess } from "./end-process.ts";

const SCRIPT = fileURLToPath(new URL("../stand-in-server.ts", import.meta.url));

/**
 * A server that speaks Nomad's RPC in a process of its own: to be killed, stopped, and started again at its address.
 */
export class ServerProcess implements AsyncDisposable {
  #child: ChildProcess;
  #answers: AsyncIterator<string>;
  #view: Partial<StandInView> = {};
  readonly address: string;

  private constructor({ child, answers, address }: Started) {
    this.#child = child;
    this.#answers = answers;
    this.address = address;
  }

  /** Resolves when it listens on this loopback address; at any free port unless told. */
  static async start(host = "127.0.0.1", port = 0): Promise<ServerProcess> {
    return new ServerProcess(await launch(`${host}:${port}`, {}));
  }

  get port(): number {
    return Number(this.address.split(":")[1]);
  }

  /** Changes what it knows; kept through a restart. Resolves when it has effect. */
  async know(view: Partial<StandInView>): Promise<void> {
    this.#view = { ...this.#view, ...view };
    await this.#tell({ view });
  }

  /** Resolves when it has effect; a restart ends it. */
  async misbehave(fault: StandInFault): Promise<void> {
    await this.#tell({ fault });
  }

  /** Sends SIGKILL and does not wait. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Sends SIGSTOP: its kernel goes on to accept connections, and nothing answers. */
  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }

  /** Ends it, if it has not ended, and starts it anew at its address with what it knew. */
  async restart(): Promise<void> {
    await this.end();
    const { child, answers } = await launch(this.address, this.#view);
    this.#child = child;
    this.#answers = answers;
  }

  /** Resolves when the process is gone. Idempotent. */
  async end(): Promise<void> {
    await endProcess(this.#child, "SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  async #tell(order: object): Promise<void> {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
    await this.#answers.next();
  }
}

interface Started {
  readonly child: ChildProcess;
  readonly answers: AsyncIterator<string>;
  readonly address: string;
}

async function launch(listen: string, view: Partial<StandInView>): Promise<Started> {
  const flags = ["--listen", listen, "--view", JSON.stringify(view), "--stdin"];
  const child = spawn(process.execPath, [SCRIPT, ...flags], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.on("error", () => undefined);
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = await answers.next();
  if (line.done === true) {
    throw new Error(`no server at ${listen}`);
  }
  const { address } = JSON.parse(line.value) as { address: string };
  return { child, answers, address };
}

/** Servers that end together. */
class ServerProcesses implements AsyncDisposable {
  readonly servers: readonly ServerProcess[];

  constructor(servers: readonly ServerProcess[]) {
    this.servers = servers;
  }

  get addresses(): readonly string[] {
    return this.servers.map(({ address }) => address);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.servers.map((server) => server.end()));
  }
}

/** Servers that know each other; the first is the leader. What they know changes only when they are told. */
export async function startServers(size: number): Promise<ServerProcesses> {
  const servers = await Promise.all(Array.from({ length: size }, () => ServerProcess.start()));
  const members = servers.map(({ address }, index) => ({ name: `s${index + 1}`, address }));
  const leader = servers[0]?.address ?? "";
  await Promise.all(
    servers.map((server, index) => server.know({ name: `s${index + 1}`, members, leader, nodeCount: 3 })),
  );
  return new ServerProcesses(servers);
}

/** The server at this `host:port`. */
export function serverAt<Server extends { readonly address: string }>(
  servers: readonly Server[],
  address: string | undefined,
): Server {
  const found = servers.find((server) => server.address === address);
  if (found === undefined) {
    throw new Error(`${String(address)} is none of ${servers.map((server) => server.address).join(" ")}`);
  }
  return found;
}
