/** docs/cli.md: its examples print what they say, and its commands and options are those that there are. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { PROGRAM, programEnd } from "../support/program-run.ts";
import { DEGRADED } from "../support/scripted-agent-answers.ts";
import { ScriptedAgentApi } from "../support/scripted-agent-api.ts";

const page = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");
const folder = mkdtempSync(join(tmpdir(), "headwaiter-documented-"));
after(() => {
  rmSync(folder, { recursive: true });
});
writeFileSync(join(folder, "headwaiter"), `#!/bin/sh\nexec ${process.execPath} ${PROGRAM} "$@"\n`);
chmodSync(join(folder, "headwaiter"), 0o755);

/** Each command line of the page, and what follows it up to the next. */
const examples = [...page.matchAll(/```console\n(.*?)```/gs)].flatMap(([, block = ""]) =>
  block
    .split(/^\$ /m)
    .slice(1)
    .map((example) => {
      const [line = "", ...output] = example.split("\n");
      return { line, output: output.join("\n") };
    }),
);

suite("each example prints what the page says", () => {
  assert.ok(examples.length > 10, "the pattern finds examples");
  for (const { line, output } of examples) {
    test(line, async (t) => {
      const api = await ScriptedAgentApi.start(t);
      api.status = DEGRADED;
      const { stdout } = await programEnd(t, [], {
        shell: `PATH=${folder}:$PATH; exec 2>&1; ${line}`,
        cwd: folder,
        environment: { HEADWAITER_HTTP_ADDR: api.url },
      });
      assert.equal(stdout, output);
    });
  }
});

/** The long options in a text. */
function optionsIn(text: string): string[] {
  return [...new Set(text.match(/(?<![\w-])--[a-z][a-z-]+/g))].toSorted();
}

test("every command is in the page's table, and has its options there or in docs/agent.md", async (t) => {
  const { stdout } = await programEnd(t, ["--help"]);
  const commands = [...stdout.matchAll(/^ {2}([a-z]+) (?:\[options\]|<shell>)/gm)].map(
    ([, name = ""]) => name,
  );
  const [, table = ""] = /(\| command \|.*?)\n\n/s.exec(page) ?? [];
  const documented = [...table.matchAll(/^\| \[?`([a-z]+)`/gm)].map(([, name = ""]) => name);
  assert.deepEqual(documented, commands);
  const helps = await Promise.all(commands.map((command) => programEnd(t, [command, "--help"])));
  const all = optionsIn(helps.map((help) => help.stdout).join("\n"));
  const [agent = ""] = helps.map((help) => help.stdout);
  const known = new Set([...optionsIn(page), ...optionsIn(agent)]);
  assert.deepEqual(
    all.filter((option) => !known.has(option)),
    [],
  );
  assert.deepEqual(
    optionsIn(page).filter((option) => !all.includes(option)),
    [],
  );
});
