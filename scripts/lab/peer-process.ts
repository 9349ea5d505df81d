import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** A program of another make, run in the foreground for one test and stopped after it. */
export class PeerProcess {
  readonly #child: ChildProcess;
  #output = "";

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` },
    });
    const note = (bytes: Buffer): void => {
      this.#output += bytes.toString();
    };
    this.#child.stdout?.on("data", note);
    this.#child.stderr?.on("data", note);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Waits until `isReady` says so. @throws what the program printed, when it ends before or takes over 10 s. */
  async ready(isReady: () => Promise<boolean>): Promise<this> {
    for (const deadline = Date.now() + 10_000; !(await isReady()); ) {
      if (this.#child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`${this.#child.spawnfile} does not answer:\n${this.#output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return this;
  }

  async stop(): Promise<void> {
    if (this.hasEnded()) {
      return;
    }
    this.#child.kill("SIGTERM");
    const force = setTimeout(() => this.#child.kill("SIGKILL"), 3000);
    await once(this.#child, "exit");
    clearTimeout(force);
  }
}
