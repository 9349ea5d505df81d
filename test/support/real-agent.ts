import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { promises as dns } from "node:dns";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../../scripts/lab/free-port.ts";
import { until } from "../../scripts/lab/until.ts";
import type { Scope } from "./scope.ts";

/**
 * Halves the processor time of a start. Not where a shell takes files or descriptors away, which the cache would need.
 */
const COMPILE_CACHE = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL("../../node_modules/.cache/compile", import.meta.url)),
};

const PROGRAM = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/** What the agent's standard output and standard error are: descriptors, or as `spawn` takes them. */
export interface Outputs {
  readonly stdout: number | "pipe" | "ignore";
  readonly stderr: number | "pipe" | "ignore";
}

export interface Options extends Partial<Outputs> {
  readonly flags?: readonly string[];
  readonly config?: object;
  readonly environment?: Readonly<Record<string, string>>;
  /** Runs the program's command line, given as `"$@"`. */
  readonly shell?: string;
}

/**
 * The program itself, as a child: it has a pool `web` that takes heartbeats. It never outlives its test by more than a
 * minute.
 */
export class RealAgent {
  readonly child: ChildProcess;
  readonly ports: { readonly dns: number; readonly http: number };
  readonly #connections = new Agent({ keepAlive: true });
  readonly #directory: string;
  readonly #text = { stdout: "", stderr: "" };
  /** How it ended; resolves when all that it wrote was read, too. */
  readonly exit: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;

  private constructor(child: ChildProcess, ports: { dns: number; http: number }, directory: string) {
    this.child = child;
    this.#directory = directory;
    this.ports = ports;
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8").on("data", (text: string) => {
        this.#text[name] += text;
      });
    }
    this.exit = once(child, "close").then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
    }));
  }

  /** Returns at once; the process is killed with the scope, if it has not ended. */
  static async spawn(scope: Scope, options: Options = {}): Promise<RealAgent> {
    const ports = { dns: await freePort(), http: await freePort() };
    const settings = {
      pools: { web: { heartbeat: "push", backups: null } },
      ...options.config,
    };
    const directory = mkdtempSync(join(tmpdir(), "headwaiter-agent-"));
    const file = join(directory, "agent.json");
    writeFileSync(file, JSON.stringify(settings));
    const line = [
      process.execPath,
      PROGRAM,
      "agent",
      ...["--dns-address", `127.0.0.1:${ports.dns}`, "--http-address", `127.0.0.1:${ports.http}`],
      ...(options.flags ?? ["--config", file]),
    ];
    const [program = "", ...args] =
      options.shell === undefined ? line : ["/bin/sh", "-c", options.shell, "sh", ...line];
    const child = spawn(program, args, {
      env: {
        PATH: process.env["PATH"],
        ...(options.shell === undefined && COMPILE_CACHE),
        ...options.environment,
      },
      cwd: directory,
      stdio: ["ignore", options.stdout ?? "pipe", options.stderr ?? "pipe"],
      timeout: 60_000,
      killSignal: "SIGKILL",
    });
    const agent = new RealAgent(child, ports, directory);
    scope.after(() => agent.#remove());
    return agent;
  }

  /** Resolves when it answers; fails when it ends before. */
  static async start(scope: Scope, options: Options = {}): Promise<RealAgent> {
    const agent = await RealAgent.spawn(scope, options);
    await until(() => {
      assert.equal(agent.child.exitCode, null, agent.stderr);
      return agent.#get("/v1/agent/health").catch(() => false);
    });
    return agent;
  }

  get stdout(): string {
    return this.#text.stdout;
  }

  get stderr(): string {
    return this.#text.stderr;
  }

  /** The log so far, line by line; each is JSON. */
  get lines(): readonly { readonly level: string; readonly name: string; readonly msg: string }[] {
    return this.#text.stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { level: string; name: string; msg: string });
  }

  /** Replaces the content of its configuration file. */
  configure(config: string | object): void {
    const text = typeof config === "string" ? config : JSON.stringify(config);
    writeFileSync(join(this.#directory, "agent.json"), text);
  }

  kill(signal: NodeJS.Signals): void {
    assert.ok(this.child.kill(signal), "the agent is still there");
  }

  /** How it ended, and how many milliseconds after the signal. */
  async endAfter(signal: NodeJS.Signals) {
    const begin = performance.now();
    this.kill(signal);
    return { ...(await this.exit), ms: performance.now() - begin };
  }

  /** What it holds in memory now. */
  memoryMiB(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
  }

  /** Descriptors that it has open now. */
  openFiles(): number {
    return readdirSync(`/proc/${this.child.pid}/fd`).length;
  }

  /** As many heads in turn; after the last one DNS answers with it. */
  async changeHeads(times: number): Promise<void> {
    for (let turn = 1; turn <= times; turn++) {
      await this.#heartbeat(turn);
    }
    const resolver = new dns.Resolver();
    resolver.setServers([`127.0.0.1:${this.ports.dns}`]);
    const [head] = await resolver.resolveSrv("_web._tcp.headwaiter.internal");
    assert.equal(head?.port, times);
  }

  async #remove(): Promise<void> {
    this.#connections.destroy();
    this.child.kill("SIGKILL");
    await this.exit;
    rmSync(this.#directory, { recursive: true });
  }

  /** A heartbeat that names one server, at this port. */
  async #heartbeat(port: number): Promise<void> {
    const body = JSON.stringify({
      servers: [{ address: `127.0.0.1:${port}` }],
      num_nodes: 1,
      leader: "",
      ttl_seconds: 60,
    });
    assert.ok(await this.#get("/v1/pools/web/heartbeat", "PUT", body));
  }

  /** Whether the answer is 200. */
  async #get(path: string, method = "GET", body?: string): Promise<boolean> {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const sent = request(
      {
        host: "127.0.0.1",
        port: this.ports.http,
        path,
        method,
        agent: this.#connections,
        headers: { "content-type": "application/json" },
      },
      (reply) => {
        reply.resume().on("end", () => {
          resolve(reply.statusCode === 200);
        });
      },
    );
    sent.on("error", reject).end(body);
    return await promise;
  }
}
