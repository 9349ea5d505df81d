/** The program as its users run it: a process of its own, with nothing of the test's environment. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { until } from "../../scripts/lab/until.ts";
import type { Scope } from "./scope.ts";

export const PROGRAM = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/** Times are UTC's; Node compiles once for all tests. */
export const PLAIN_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: process.env["PATH"] ?? "",
  TZ: "UTC",
  NODE_COMPILE_CACHE: fileURLToPath(new URL("../../node_modules/.cache/compile", import.meta.url)),
};

export interface ProgramEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Runs the program's command line, given as `"$@"`, in its place. */
  readonly shell?: string;
  readonly cwd?: string;
}

export class ProgramRun {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  readonly end: Promise<ProgramEnd>;

  /** It is killed with the scope, and after a minute. */
  constructor(scope: Scope, args: readonly string[], { cwd, environment = {}, shell }: RunOptions = {}) {
    const line = [process.execPath, PROGRAM, ...args];
    const [program = "", ...rest] = shell === undefined ? line : ["/bin/bash", "-c", shell, "bash", ...line];
    this.child = spawn(program, rest, {
      env: { ...PLAIN_ENVIRONMENT, ...environment },
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 60_000,
      killSignal: "SIGKILL",
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.end = once(this.child, "close").then(([code]) => ({
      code: code as number | null,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
    scope.after(async () => {
      this.child.kill("SIGKILL");
      await this.end;
    });
  }

  async untilPrinted(text: string): Promise<void> {
    await until(
      () => {
        assert.equal(this.child.exitCode, null, this.stderr);
        return this.stdout.includes(text);
      },
      () => `${text} in: ${this.stdout}${this.stderr}`,
      20_000,
    );
  }
}

/** Runs it to its end. */
export async function programEnd(
  scope: Scope,
  args: readonly string[],
  options?: RunOptions,
): Promise<ProgramEnd> {
  return await new ProgramRun(scope, args, options).end;
}
