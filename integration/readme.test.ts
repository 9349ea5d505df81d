import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(`${root}README.md`, "utf8");
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "gs"))].map(([, text = ""]) => text);

suite("README", () => {
  test("the library example runs, and prints what it says", async () => {
    const [example = ""] = blocks("ts");
    const [, expected] = /toString\(\); \/\/ (".*")/.exec(example) ?? [];
    const program = example.replace(/^(proxy\.findServer.*); \/\/.*$/m, "console.log(JSON.stringify($1));");
    const flags = ["--input-type=module-typescript", "--eval", program];
    const { stdout } = await run(process.execPath, flags, { cwd: root });
    assert.equal(stdout.trim(), expected);
  });

  test("every make target that it names is there", async () => {
    const targets = new Set([...readme.matchAll(/\bmake ([a-z]+)/g)].map(([, target = ""]) => target));
    assert.ok(targets.has("run") && targets.has("test"));
    const { stdout } = await run("make", ["--no-print-directory"], { cwd: root });
    for (const target of targets) {
      assert.match(stdout, new RegExp(`^${target} +\\S`, "m"), target);
    }
  });

  test("every page and picture that it links is there", () => {
    for (const [, path = ""] of readme.matchAll(/\]\((docs\/[^)#]+)[^)]*\)/g)) {
      const bytes = readFileSync(root + path);
      const begin = path.endsWith(".md") ? "# " : "RIFF";
      assert.equal(bytes.toString("latin1", 0, begin.length), begin, path);
    }
  });
});
