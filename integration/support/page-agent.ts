/** An agent at one port of HTTP through all its lives, with a configuration and a directory that a test changes. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AgentProcess } from "../../scripts/lab/agent-process.ts";
import { freePort } from "../../scripts/lab/free-port.ts";

export class PageAgent implements AsyncDisposable {
  readonly httpPort: number;
  /** What it keeps from one life to the next. */
  readonly directory: string;
  readonly #file: string;
  #settings: object;
  #process: AgentProcess | undefined;

  private constructor(settings: object, httpPort: number) {
    this.#settings = settings;
    this.httpPort = httpPort;
    this.directory = mkdtempSync(join(tmpdir(), "headwaiter-page-"));
    this.#file = join(this.directory, "settings.json");
  }

  static async start(settings: object): Promise<PageAgent> {
    const agent = new PageAgent(settings, await freePort());
    await agent.start();
    return agent;
  }

  async start(): Promise<void> {
    this.configure(this.#settings);
    this.#process = await AgentProcess.start({}, ["--config", this.#file]);
  }

  /** Its configuration at the next reload, or the next start. */
  configure(settings: object): void {
    this.#settings = settings;
    const http = "http" in settings ? settings.http : {};
    const address = `127.0.0.1:${this.httpPort}`;
    const data_dir = join(this.directory, "data");
    writeFileSync(
      this.#file,
      JSON.stringify({ data_dir, ...settings, http: { ...(http as object), address } }),
    );
  }

  async kill(): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
  }

  /** What it answers as JSON. @throws Error for a refusal. */
  async ask(path: string, method = "GET", body?: object): Promise<unknown> {
    const reply = await fetch(`http://127.0.0.1:${this.httpPort}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    if (!reply.ok) {
      throw new Error(`${method} ${path}: ${reply.status} ${await reply.text()}`);
    }
    return await reply.json();
  }

  /** Milliseconds since the last event of this kind. */
  async msSince(kind: string): Promise<number> {
    const events = (await this.ask(`/v1/events?kind=${kind}`)) as readonly { readonly at: string }[];
    return Date.now() - Date.parse(events.at(-1)?.at ?? "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true });
  }
}
