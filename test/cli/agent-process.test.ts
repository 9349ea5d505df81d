import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { occupied } from "../support/disturbances.ts";

const PROGRAM = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "headwaiter-cli-"));
after(() => {
  rmSync(directory, { recursive: true });
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program to its end. It is killed, and the test fails, when it does not end by itself. */
function run(...args: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [PROGRAM, ...args], { env: {}, timeout: 60_000 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== "number") {
        reject(new Error("the program did not end by itself", { cause: error }));
      } else {
        resolve({ code: Number(error?.code ?? 0), stdout, stderr });
      }
    });
  });
}

const QUIET = ["--dns-address", "127.0.0.1:0", "--http-address", "127.0.0.1:0"];

suite("a user's mistake is one line on standard error, and 1", () => {
  const file = join(directory, "agent.yaml");
  const rows: [string, string, string[], RegExp][] = [
    ["an unknown key", "nonsense: 1", [], /agent\.yaml: nonsense: unknown key, expected one of datacenter, /],
    ["a bad address", "", ["--dns-address", "here"], /flag --dns-address: expected an IP address and a port/],
    [
      "a directory that can't be written",
      `data_dir: ${file}/below`,
      QUIET,
      /data_dir: .*below: expected a directory/,
    ],
    [
      "a name server that is none",
      "",
      ["--dns-address", "192.0.2.1:8653"],
      /dns: 192\.0\.2\.1:8653 .*address/,
    ],
    ["an unknown flag", "", ["--nonsense"], /unknown option '--nonsense'/],
    [
      "a file that is not there",
      "",
      ["--config", join(directory, "absent.yaml")],
      /absent\.yaml: .*no such file/,
    ],
  ];
  for (const [what, text, flags, message] of rows) {
    test(what, async () => {
      writeFileSync(file, text);
      const { code, stderr, stdout } = await run("agent", "--config", file, ...flags);
      assert.match(stderr, message);
      assert.match(stderr, /^[^\n]+\n$/);
      assert.equal(stdout, "");
      assert.equal(code, 1);
    });
  }

  for (const flag of ["--dns-address", "--http-address"]) {
    test(`a port in use, ${flag}`, async (t) => {
      const port = await occupied(t, "tcp");
      const { code, stderr } = await run("agent", ...QUIET, flag, `127.0.0.1:${port}`);
      assert.match(
        stderr,
        new RegExp(`^headwaiter: (dns|http): 127\\.0\\.0\\.1:${port}.*: address already in use\\n$`),
      );
      assert.equal(code, 1);
    });
  }
});

test("version prints the version", async () => {
  const { code, stdout } = await run("version");
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  assert.equal(code, 0);
});

test("a flag that is none is told of without its value", async () => {
  const { code, stderr, stdout } = await run("agent", "--consul-token=S3CRET");
  assert.match(stderr, /unknown option '--consul-token=…'/);
  assert.doesNotMatch(stderr + stdout, /S3CRET/);
  assert.equal(code, 1);
});
