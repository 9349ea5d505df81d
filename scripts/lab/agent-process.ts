import { type ChildProcess, spawn } from "node:child_process";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { untilSeen } from "./until.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** One line of the agent's JSON log. */
export interface LogLine {
  readonly level: string;
  readonly name: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** The agent as its users run it: a process, asked over DNS. Ports are chosen by the system. */
export class AgentProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #resolver = new Resolver({ timeout: 1_000, tries: 1 });
  /** What was read so far: an answer can come before the line that tells of it. `untilLogged` waits for lines. */
  readonly log: readonly LogLine[];
  /** `127.0.0.1:port` of DNS. */
  readonly dnsAddress: string;
  readonly httpPort: number;

  private constructor(child: ChildProcess, directory: string, started: LogLine, log: LogLine[]) {
    this.#child = child;
    this.#directory = directory;
    this.log = log;
    this.dnsAddress = String(started["dns"]);
    this.httpPort = Number(String(started["http"]).split(":").at(-1));
    this.#resolver.setServers([this.dnsAddress]);
  }

  /** Resolves when it says that it has started. */
  static async start(
    config: object,
    flags: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
    program = PROGRAM,
  ): Promise<AgentProcess> {
    const directory = mkdtempSync(join(tmpdir(), "headwaiter-agent-"));
    const file = join(directory, "agent.json");
    const addresses = { dns: { address: "127.0.0.1:0" }, http: { address: "127.0.0.1:0" } };
    writeFileSync(file, JSON.stringify({ ...addresses, log: { level: "debug" }, ...config }));
    const child = spawn(process.execPath, [program, "agent", "--config", file, ...flags], {
      stdio: ["ignore", "pipe", "inherit"],
      env,
    });
    const log: LogLine[] = [];
    const started = Promise.withResolvers<LogLine>();
    createInterface({ input: child.stdout }).on("line", (text) => {
      const line = JSON.parse(text) as LogLine;
      log.push(line);
      if (line.msg === "agent started") {
        started.resolve(line);
      }
    });
    child.once("exit", (code) => {
      started.reject(new Error(`the agent ended with ${String(code)} before it had started`));
    });
    return new AgentProcess(child, directory, await started.promise, log);
  }

  /** Waits for a line whose message fits. Resolves with the first such line. */
  async untilLogged(message: RegExp, withinMs: number): Promise<LogLine> {
    const find = () => this.log.find(({ msg }) => message.test(msg));
    await untilSeen(`a line ${String(message)}`, withinMs, find, (line) => line !== undefined);
    return find() as LogLine;
  }

  /** `host:port` of the targets of an SRV RRset in the order of their priorities; empty without an answer. */
  async srv(name: string): Promise<string[]> {
    try {
      const records = await this.#resolver.resolveSrv(`${name}.headwaiter.internal`);
      const ordered = records.toSorted((one, other) => one.priority - other.priority);
      return ordered.map(
        (record) => `${record.name.split(".")[0]?.replaceAll("-", ".") ?? ""}:${record.port}`,
      );
    } catch {
      return [];
    }
  }

  /** The strings of a TXT RRset; empty without an answer. */
  async txt(name: string): Promise<string[]> {
    return (await this.#resolver.resolveTxt(`${name}.headwaiter.internal`).catch(() => [])).flat();
  }

  /** The IPv4 addresses of a name; empty without an answer. */
  async a(name: string): Promise<string[]> {
    return await this.#resolver.resolve4(`${name}.headwaiter.internal`).catch(() => []);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves with the exit code, when the whole log was read, too. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const closed = once(this.#child, "close");
    this.#child.kill(signal);
    await closed;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      await this.end("SIGKILL");
    }
    rmSync(this.#directory, { recursive: true });
  }
}
