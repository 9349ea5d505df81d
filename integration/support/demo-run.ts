import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { freePort } from "../../scripts/lab/free-port.ts";
import { untilSeen } from "../../scripts/lab/until.ts";

const READY_MS = 60_000;

/** What `make run` runs, on ports of its own. All its processes are told by a variable that they inherit. */
export class DemoRun implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #mark: string;
  readonly #exited: Promise<unknown>;
  /** What it and its agent have printed so far. */
  output = "";

  /** @param dnsAddress `127.0.0.1:port` */
  constructor(dnsAddress: string) {
    this.#mark = `DEMO_RUN=${randomUUID()}`;
    const [name = "", value = ""] = this.#mark.split("=");
    const flags = ["--dns-address", dnsAddress, "--http-address", "127.0.0.1:0"];
    this.#child = spawn("npm", ["run", "--silent", "demo", "--", ...flags], {
      cwd: fileURLToPath(new URL("../..", import.meta.url)),
      env: { ...process.env, CONSUL_HTTP_ADDR: "", [name]: value },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true, // a group of its own, as in a terminal: Ctrl-C reaches all of it
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    }
    this.#exited = once(this.#child, "close");
  }

  /** Resolves when it has printed that, with what the groups of the pattern match. */
  async printed(pattern: RegExp): Promise<string[]> {
    const isEnough = () => pattern.test(this.output) || this.#child.exitCode !== null;
    await untilSeen(`printing ${String(pattern)}`, READY_MS, () => this.output, isEnough);
    const [match, ...groups] = pattern.exec(this.output) ?? [];
    if (match === undefined) {
      throw new Error(`ended without printing ${String(pattern)}: ${this.output}`);
    }
    return groups;
  }

  /** Resolves with its exit code, when it has ended by itself. */
  async ended(): Promise<number | null> {
    await this.#exited;
    return this.#child.exitCode;
  }

  /** Ctrl-C. Resolves with the exit code. */
  async interrupt(): Promise<number | null> {
    process.kill(-(this.#child.pid ?? 0), "SIGINT");
    return await this.ended();
  }

  /** The command lines of its processes that are alive. */
  processes(): { pid: number; command: string; environment: string[] }[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => ({ pid: Number(pid), command: read(pid, "cmdline"), environment: read(pid, "environ") }))
      .map((process) => ({ ...process, environment: process.environment.split("\0") }))
      .filter(({ environment }) => environment.includes(this.#mark));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pid } of this.processes()) {
      process.kill(pid, "SIGKILL");
    }
    await this.#exited;
  }
}

/** Empty for a process that has ended meanwhile, or that is another user's. */
function read(pid: string, file: "cmdline" | "environ"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

/** `127.0.0.1:port`, free at this moment. */
export async function freeAddress(): Promise<string> {
  return `127.0.0.1:${await freePort()}`;
}
