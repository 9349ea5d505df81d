import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, suite, test } from "node:test";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const QUIET = ["--dns-address", "127.0.0.1:0", "--http-address", "127.0.0.1:0"];
const directory = mkdtempSync(join(tmpdir(), "headwaiter-special-"));
const pipe = join(directory, "pipe.yaml");
execFileSync("mkfifo", [pipe]);
after(() => {
  rmSync(directory, { recursive: true });
});

/**
 * Its standard input is a socket that says nothing and stays open. Killed, which fails the test, when it waits for
 * something.
 */
function start(...args: string[]) {
  const child = spawn(process.execPath, [PROGRAM, "agent", ...QUIET, ...args], { env: {}, timeout: 60_000 });
  return { child, stdout: text(child.stdout), stderr: text(child.stderr), ended: once(child, "exit") };
}

suite("a configuration that is no regular file ends the start at once, with one line", () => {
  const rows = [
    [pipe, "a pipe"],
    ["/dev/zero", "a device"],
    ["/dev/stdin", "a socket"],
  ] as const;
  for (const [path, what] of rows) {
    test(path, async () => {
      const { stderr, ended } = start("--config", path);
      assert.deepEqual(await ended, [1, null]);
      assert.equal(await stderr, `headwaiter: ${path}: expected a readable configuration file: ${what}\n`);
    });
  }

  test("in a directory too", async () => {
    const { stderr, ended } = start("--config", directory);
    assert.deepEqual(await ended, [1, null]);
    assert.equal(await stderr, `headwaiter: ${pipe}: expected a readable configuration file: a pipe\n`);
  });

  test("a certificate of a pool", async () => {
    const file = join(directory, "tls.json");
    writeFileSync(file, JSON.stringify({ pools: { nomad: { tls: { ca_file: pipe } } } }));
    const { stderr, ended } = start("--config", file);
    assert.deepEqual(await ended, [1, null]);
    assert.match(await stderr, /^headwaiter: [^\n]*pipe\.yaml: expected a readable PEM file: a pipe\n$/);
  });
});

test("under a umask that takes nothing away, the data directory is its owner's alone", async () => {
  const data = join(directory, "made", "data");
  const before = process.umask(0);
  const { child, stdout, ended } = start("--data-dir", data);
  process.umask(before);
  child.stdout.once("data", () => child.kill("SIGTERM"));
  assert.deepEqual(await ended, [0, null]);
  assert.equal(statSync(data).mode & 0o7777, 0o700);
  assert.doesNotMatch(await stdout, /others have rights/);
});

test("a data directory that is wider is told of once", async () => {
  const { child, stdout, ended } = start("--data-dir", "/tmp");
  child.stdout.once("data", () => child.kill("SIGTERM"));
  assert.deepEqual(await ended, [0, null]);
  assert.equal((await stdout).match(/others have rights/g)?.length, 1);
});
