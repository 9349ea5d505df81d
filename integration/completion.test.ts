/** The completion scripts in the real shells, on a terminal: keys are typed, and the line then runs. */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { until } from "../scripts/lab/until.ts";
import { PLAIN_ENVIRONMENT, PROGRAM, programEnd } from "../test/support/program-run.ts";
import type { Scope } from "../test/support/scope.ts";
import { WEB } from "../test/support/scripted-agent-answers.ts";
import { ScriptedAgentApi } from "../test/support/scripted-agent-api.ts";

let folder = "";

/** Commands that start a shell which reads nothing but the script, with a prompt that says that it is ready. */
const SHELLS: Readonly<Record<string, () => string>> = {
  bash: () => `bash --noprofile --rcfile ${join(folder, "bashrc")} -i`,
  zsh: () => `ZDOTDIR=${folder} zsh -i`,
  fish: () => `fish --no-config --init-command 'source ${join(folder, "config.fish")}'`,
};

before(() => {
  execFileSync(fileURLToPath(new URL("../scripts/dns-peers", import.meta.url)), ["shells"], {
    stdio: "inherit",
  });
  folder = mkdtempSync(join(tmpdir(), "headwaiter-completion-"));
  writeFileSync(join(folder, "bashrc"), "PS1='ready> '\nsource <(headwaiter completion bash)\n");
  writeFileSync(
    join(folder, ".zshrc"),
    "PS1='ready> '\nautoload -U compinit\ncompinit -u -D\nsource <(headwaiter completion zsh)\n",
  );
  writeFileSync(
    join(folder, "config.fish"),
    "function fish_prompt; echo -n 'ready> '; end\nheadwaiter completion fish | source\n",
  );
  writeFileSync(join(folder, "archive-of-today"), "");
  // Completes as the program does, and says what it is run with in its place.
  const program = `case $1 in completion) exec ${process.execPath} ${PROGRAM} "$@" ;; esac; echo "ran:$*:"`;
  writeFileSync(join(folder, "headwaiter"), `#!/bin/sh\n${program}\n`);
  chmodSync(join(folder, "headwaiter"), 0o755);
});

after(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A shell on a terminal of its own. */
class TypedShell {
  readonly #child: ChildProcess;
  #shown = "";

  private constructor(scope: Scope, command: string, address: string) {
    this.#child = spawn("script", ["-qec", command, "/dev/null"], {
      cwd: folder,
      env: {
        ...PLAIN_ENVIRONMENT,
        PATH: `${folder}:${PLAIN_ENVIRONMENT["PATH"] ?? ""}`,
        HOME: folder,
        TERM: "xterm",
        LANG: "C.UTF-8",
        HEADWAITER_HTTP_ADDR: address,
      },
      stdio: ["pipe", "pipe", "inherit"],
      timeout: 60_000,
      killSignal: "SIGKILL",
    });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#shown += stripVTControlCharacters(text);
    });
    const ended = once(this.#child, "close");
    scope.after(async () => {
      this.#child.stdin?.end();
      this.#child.kill("SIGKILL");
      await ended;
    });
  }

  static async start(scope: Scope, command: string, address: string): Promise<TypedShell> {
    const shell = new TypedShell(scope, command, address);
    await until(
      () => shell.#shown.includes("ready> "),
      () => shell.#shown,
      20_000,
    );
    return shell;
  }

  /** What the program is run with after these keys and Return. */
  async ranAfter(keys: string): Promise<string> {
    this.#shown = "";
    this.#child.stdin?.write(`${keys}\r`);
    await until(
      () => /ran:.*:/.test(this.#shown),
      () => this.#shown,
      20_000,
    );
    return /ran:(.*?) *:/.exec(this.#shown)?.[1] ?? "";
  }

  get shown(): string {
    return this.#shown;
  }
}

for (const [name, command] of Object.entries(SHELLS)) {
  suite(name, () => {
    test("completes commands, options, what options take, pools and files", async (t) => {
      const api = await ScriptedAgentApi.start(t);
      api.pools.set("web", WEB);
      const shell = await TypedShell.start(t, command(), api.url);
      const rows: [string, string][] = [
        ["headwaiter serv\t", "servers"],
        ["headwaiter valid\t--again\t", "validate --against-running"],
        ["headwaiter servers --po\twe\t", "servers --pool web"],
        ["headwaiter events --min-severity e\t", "events --min-severity error"],
        ["headwaiter debug -o arch\t", "debug -o archive-of-today"],
        ["headwaiter fail\tdb-1 --rea\ttimeout", "failed db-1 --reason timeout"],
        ["headwaiter status --color n\t", "status --color never"],
      ];
      for (const [keys, expected] of rows) {
        assert.equal(await shell.ranAfter(keys), expected, JSON.stringify(keys));
      }
    });

    test("completes no pool, and says nothing, where no agent answers", async (t) => {
      const api = await ScriptedAgentApi.start(t);
      api.instead = () => undefined;
      const shell = await TypedShell.start(t, command(), api.url);
      assert.equal(await shell.ranAfter("headwaiter servers --pool we\t"), "servers --pool we");
      assert.doesNotMatch(shell.shown, /no agent/);
      assert.equal(api.asked[0]?.path, "/v1/pools");
    });

    test("has a script without a mistake, however it is read", async (t) => {
      const { code, stderr, stdout } = await programEnd(t, ["completion", name]);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
      const file = join(folder, `script.${name}`);
      writeFileSync(file, stdout);
      execFileSync(name, [name === "fish" ? "--no-execute" : "-n", file]);
    });
  });
}

test("completion pools gives up within 300 ms", async (t) => {
  const api = await ScriptedAgentApi.start(t);
  api.instead = () => undefined;
  const run = programEnd(t, ["completion", "pools"], {
    environment: { HEADWAITER_HTTP_ADDR: api.url },
  });
  await until(() => api.asked.length === 1);
  const begin = performance.now();
  const { code, stdout, stderr } = await run;
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
  assert.ok(performance.now() - begin < 2_000, "far less than the 5 s of other commands");
});
