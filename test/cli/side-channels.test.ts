/**
 * The log and standard error, in every state they can be in: DNS follows the heads, and the process ends when it is
 * told to.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { until } from "../../scripts/lab/until.ts";
import { type Options, RealAgent } from "../support/real-agent.ts";
import { registeringConsul } from "./registering-consul.ts";

const directory = mkdtempSync(join(tmpdir(), "headwaiter-side-channels-"));
after(() => {
  rmSync(directory, { recursive: true });
});

/** A named pipe: one end to read, one to write. */
function namedPipe(name: string): {
  readonly path: string;
  readonly reader: number;
  readonly writer: number;
} {
  const path = join(directory, name);
  execFileSync("mkfifo", [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { path, reader, writer: openSync(path, constants.O_WRONLY) };
}

/** Leaves no byte free. */
function fill(path: string): void {
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  for (const size of [4096, 1]) {
    try {
      for (;;) {
        writeSync(writer, Buffer.alloc(size, "\n"));
      }
    } catch {
      // full
    }
  }
  closeSync(writer);
}

function readAll(reader: number): string {
  const bytes = Buffer.alloc(1 << 20);
  try {
    return bytes.toString("utf8", 0, readSync(reader, bytes));
  } catch {
    return ""; // nothing there yet
  }
}

/**
 * Two seconds are promised; a machine that runs other tests beside this one gets some more. One that hangs would never
 * end.
 */
const ENDS_WITHIN_MS = 5_000;
const HEADS = 1_000;

/** What a heap that is not collected yet may add; the queue itself holds 1 MiB. */
const MAX_GROWTH_MIB = 64;

suite("whatever the log and standard error are, DNS follows 1,000 heads and TERM ends the process with 0", () => {
  const broken = namedPipe("broken");
  closeSync(broken.reader);
  const unread = namedPipe("unread");
  fill(unread.path);
  const full = openSync("/dev/full", "w");
  const rows: [string, Options][] = [
    ["their reader is gone", { stdout: broken.writer, stderr: broken.writer }],
    ["nobody reads them", { stdout: unread.writer, stderr: unread.writer }],
    ["their disk is full", { stdout: full, stderr: full }],
    ["they are closed at the start", { shell: 'exec "$@" >&- 2>&-' }],
    ["their file may not grow", { shell: 'ulimit -f 1; exec "$@" >small-log 2>&1' }],
  ];
  for (const [what, options] of rows) {
    test(what, async (t) => {
      const agent = await RealAgent.start(t, options);
      await agent.changeHeads(HEADS);
      const { code, signal, ms } = await agent.endAfter("SIGTERM");
      assert.deepEqual({ code, signal }, { code: 0, signal: null });
      assert.ok(ms < ENDS_WITHIN_MS, `ended after ${ms} ms`);
    });
  }

  test("what nobody reads takes no more memory", async (t) => {
    const agent = await RealAgent.start(t, { stdout: unread.writer, stderr: unread.writer });
    await agent.changeHeads(HEADS);
    const before = agent.memoryMiB();
    await agent.changeHeads(2 * HEADS);
    const growth = agent.memoryMiB() - before;
    assert.ok(growth < MAX_GROWTH_MIB, `${growth} MiB more`);
  });

  test("what hangs is named, and a second signal ends the process at once with 1", async (t) => {
    const { path, writer } = namedPipe("second-signal");
    fill(path);
    const agent = await RealAgent.start(t, { stdout: writer });
    await agent.changeHeads(1);
    const ended = agent.endAfter("SIGTERM");
    const { code } = await ended;
    assert.equal(code, 0);
    assert.match(
      agent.stderr,
      /^headwaiter: ended \d+ ms after the signal with this left undone: \d+ lines of the log[^\n]*\n$/,
    );
    const other = await RealAgent.start(t, { stdout: writer });
    other.kill("SIGTERM");
    assert.equal((await other.endAfter("SIGINT")).code, 1);
  });
});

test("a reader that comes back finds whole lines, those of the time without it too", async (t) => {
  const { path, reader, writer } = namedPipe("reopened");
  const agent = await RealAgent.start(t, { stdout: writer });
  closeSync(writer);
  await until(() => readAll(reader).includes("agent started"));
  closeSync(reader);
  await agent.changeHeads(3);
  const next = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  let text = "";
  await until(() => {
    text += readAll(next);
    return text.includes("127.0.0.1:3");
  });
  const lines = text.trimEnd().split("\n");
  const heads = lines.map((line) => (JSON.parse(line) as { head?: string }).head);
  assert.deepEqual(
    heads.filter((head) => head !== undefined),
    ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"],
  );
});

suite("nothing that hangs holds the end", () => {
  test("a thread of Node's pool, as in a look-up of a name", async (t) => {
    const path = join(directory, "never-written");
    execFileSync("mkfifo", [path]);
    const hang = `import { open } from "node:fs"; open(${JSON.stringify(path)}, () => undefined);`;
    const agent = await RealAgent.start(t, {
      environment: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hang)}` },
    });
    const { code, ms } = await agent.endAfter("SIGTERM");
    assert.equal(code, 0);
    assert.ok(ms < ENDS_WITHIN_MS, `ended after ${ms} ms`);
    assert.match(agent.stderr, /left undone: .*FSReqCallback/);
  });

  test("a Consul that registers and never deregisters", async (t) => {
    const consul = await registeringConsul(t);
    const agent = await RealAgent.start(t, {
      config: { consul: { address: consul.url, register: true } },
    });
    const { code, ms } = await agent.endAfter("SIGTERM");
    assert.equal(code, 0);
    assert.ok(ms < ENDS_WITHIN_MS, `ended after ${ms} ms`);
  });
});

test("a program that fails ends with 1, also when nobody reads why", async (t) => {
  const { path, writer } = namedPipe("unread-failure");
  fill(path);
  const agent = await RealAgent.spawn(t, {
    stdout: writer,
    stderr: writer,
    flags: ["--log-level", "loud"],
  });
  const { code, signal } = await agent.exit;
  assert.deepEqual({ code, signal }, { code: 1, signal: null });
});

test("an unexpected error is logged, and ends the process with 1", async (t) => {
  const late = "process.on('SIGCONT', () => { Promise.reject(new TypeError('not expected')); });";
  const agent = await RealAgent.start(t, {
    environment: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(late)}` },
  });
  const { code } = await agent.endAfter("SIGCONT");
  assert.equal(code, 1);
  assert.match(agent.stdout, /"level":"error".*"not expected".*"an unexpected error ends the agent"\}\n$/);
});
