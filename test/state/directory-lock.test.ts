import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { lockDirectory } from "../../src/state/directory-lock.ts";

interface Lock {
  readonly pid: number;
  readonly started: string;
  readonly boot: string;
}

function directory(): string {
  return mkdtempSync(join(tmpdir(), "headwaiter-lock-"));
}

function lockIn(own: string): Lock {
  return JSON.parse(readFileSync(join(own, "agent.lock"), "utf8")) as Lock;
}

test("one process has the directory until it lets go of it", () => {
  const own = directory();
  const first = lockDirectory(own);
  assert.ok("release" in first);
  assert.deepEqual(lockDirectory(own), { heldBy: process.pid });
  assert.equal(lockIn(own).pid, process.pid);
  first.release();
  assert.deepEqual(readdirSync(own), []);
  assert.ok("release" in lockDirectory(own));
});

test("what another living process holds is refused, and taken over when it is dead", async (t) => {
  const own = directory();
  const script = `
    const { lockDirectory } = await import(${JSON.stringify(import.meta.resolve("../../src/state/directory-lock.ts"))});
    lockDirectory(${JSON.stringify(own)});
    process.stdout.write("locked");
    setInterval(() => undefined, 1000);`;
  const other = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => other.kill("SIGKILL"));
  await new Promise((resolve) => other.stdout.once("data", resolve));
  assert.deepEqual(lockDirectory(own), { heldBy: other.pid });
  other.kill("SIGKILL");
  await new Promise((resolve) => other.once("exit", resolve));
  assert.ok("release" in lockDirectory(own));
  assert.equal(lockIn(own).pid, process.pid);
});

const DEAD: readonly (readonly [what: string, lock: (own: Lock) => unknown])[] = [
  ["whose number another process has by now", (own) => ({ ...own, started: "1" })],
  ["of another boot of the machine", (own) => ({ ...own, boot: "before" })],
  ["that there is no longer", (own) => ({ ...own, pid: spawnSync("true").pid })],
  ["that is none", () => "nobody"],
];

for (const [what, lock] of DEAD) {
  test(`the lock of a process ${what} is taken over`, () => {
    const own = directory();
    const held = lockDirectory(own);
    assert.ok("release" in held);
    writeFileSync(join(own, "agent.lock"), JSON.stringify(lock(lockIn(own))));
    assert.ok("release" in lockDirectory(own));
    assert.equal(lockIn(own).pid, process.pid);
    assert.deepEqual(readdirSync(own), ["agent.lock"]);
  });
}

test("whoever lets go late does not take the lock from its next owner", () => {
  const own = directory();
  const held = lockDirectory(own);
  assert.ok("release" in held);
  writeFileSync(join(own, "agent.lock"), JSON.stringify({ ...lockIn(own), pid: 1 }));
  held.release();
  assert.equal(lockIn(own).pid, 1);
});

test("a directory in which nothing can be written is told of", () => {
  assert.throws(() => lockDirectory("/proc"), /ENOENT|EACCES|EPERM/);
});
