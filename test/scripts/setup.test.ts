/**
 * Installing, building and the chain of benchmarks, in a project of the test's own, with stand-ins for npm, the
 * compiler and the bundler.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { afterEach, beforeEach, suite, test } from "node:test";
import { promisify } from "node:util";

const ROOT = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);

let project = "";
const at = (path: string): string => join(project, path);
const calls = (): number =>
  existsSync(at("calls")) ? readFileSync(at("calls"), "utf8").trim().split("\n").length : 0;
const writeProgram = (path: string, script: string): void => {
  writeFileSync(at(path), `#!/usr/bin/env bash\n${script}\n`, { mode: 0o755 });
};
/** Runs with the stand-ins of `bin` first on the PATH. */
const call = async (file: string, ...args: string[]): Promise<void> => {
  const PATH = `${at("bin")}${delimiter}${process.env["PATH"] ?? ""}`;
  await run(file, args, { cwd: project, env: { ...process.env, PATH } });
};

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "setup-"));
  for (const name of ["install", "build"]) {
    cpSync(join(ROOT, "scripts", name), at(`scripts/${name}`));
  }
  for (const name of [".config", "src", "scripts/bundle", "bin", "node_modules/.bin"]) {
    mkdirSync(at(name), { recursive: true });
  }
  for (const name of [
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    ".config/tsconfig.build.json",
    "scripts/bundle.ts",
  ]) {
    writeFileSync(at(name), "{}");
  }
  writeFileSync(at("src/index.ts"), "first");
  writeProgram("node_modules/.bin/tsc", "echo call >>calls");
  writeProgram("node_modules/.bin/node", 'cp src/index.ts "$2/index.js"');
});

afterEach(() => {
  rmSync(project, { recursive: true });
});

/** As if it had been written a second later than everything else. */
const touchLater = (path: string): void => {
  const later = Date.now() / 1000 + 1;
  utimesSync(at(path), later, later);
};

suite("install", () => {
  beforeEach(() => {
    writeProgram("bin/npm", "echo call >>calls; touch node_modules/.package-lock.json");
  });

  test("an installation that was killed is made anew, a complete one is not", async () => {
    touchLater("node_modules"); // what the killed one left
    await call("scripts/install");
    assert.equal(calls(), 1);
    await call("scripts/install");
    assert.equal(calls(), 1);
    touchLater("package.json");
    await call("scripts/install");
    assert.equal(calls(), 2);
  });
});

suite("build", () => {
  const built = (): string => readFileSync(at("dist/index.js"), "utf8");

  test("compiles once for callers at once, and again only for what is newer", async () => {
    await Promise.all([call("scripts/build"), call("scripts/build")]);
    await call("scripts/build");
    assert.equal(calls(), 1);
    writeFileSync(at("src/index.ts"), "second");
    touchLater("src/index.ts");
    await call("scripts/build");
    assert.deepEqual([calls(), built()], [2, "second"]);
  });

  test("the old build is there while the new one is made, and stays when that fails", async () => {
    await call("scripts/build");
    writeProgram("node_modules/.bin/node", 'cp dist/index.js seen && echo half >"$2/index.js"; exit 2');
    touchLater("src/index.ts");
    await assert.rejects(call("scripts/build"), { code: 2 });
    assert.deepEqual([readFileSync(at("seen"), "utf8"), built()], ["first", "first"]);
  });
});

suite("bench", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    scripts: { bench: string };
  };
  const parts = (): string[] => readFileSync(at("calls"), "utf8").trim().split("\n");

  test("all parts run, and one that misses its figures fails the whole", async () => {
    writeProgram("bin/npm", 'echo "$*" >>calls; [[ $* != *core ]]');
    await assert.rejects(call("sh", "-c", scripts.bench), { code: 1 });
    const all = ["core", "failover", "dns", "footprint"].map((part) => `run --silent bench:${part}`);
    assert.deepEqual(parts(), all);
    writeProgram("bin/npm", "true");
    await call("sh", "-c", scripts.bench);
  });
});
