/** What scripts/dns-peers does where programs are missing, with an `apt-get` of the test's own. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { promisify } from "node:util";
import { CommandFolder, notRoot } from "./command-folder.ts";

const SCRIPTS = resolve(import.meta.dirname, "../../scripts");
const run = promisify(execFile);

let folder = "";
let commands: CommandFolder;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dns-peers-"));
  chmodSync(folder, 0o755);
  commands = new CommandFolder(join(folder, "bin"), "bash dirname echo env flock xargs");
  // A checkout may lie where only its owner can read it.
  cpSync(join(SCRIPTS, "dns-peers"), join(folder, "dns-peers"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** The lines of its complaint: it fails, since no apt-get of these tests installs anything. */
const complaint = async (script: string, set: string, user: object): Promise<string[]> =>
  await new Promise((done) => {
    execFile(script, [set], { env: { PATH: commands.path }, ...user }, (error, _, stderr) => {
      assert.equal(error?.code, 1);
      done(stderr.trim().split("\n"));
    });
  });

test("two lines for a user who is not root, and nothing is installed", async () => {
  commands.stand("id", "echo 1000");
  commands.stand("apt-get", "echo called >&2");
  const [what, advice, ...others] = await complaint(join(folder, "dns-peers"), "bench", notRoot);
  assert.match(what ?? "", /^dns-peers: DNS programs are missing: .*\bdig\b.*\bdnsperf\b/);
  assert.match(
    advice ?? "",
    /^ {2}install them \(Debian: .*\bbind9-dnsutils\b.*\bnsd\), or run this as root on Debian/,
  );
  assert.deepEqual(others, []);
});

test("the packages' own scripts find programs that start no service, before Debian's", async () => {
  const log = join(folder, "path");
  commands.stand("id", "echo 0");
  commands.stand(
    "apt-get",
    `for word; do case $word in DPkg::Path=*) echo "\${word#*=}" >${log} ;; esac; done`,
  );
  const [, what, advice, ...others] = await complaint(join(SCRIPTS, "dns-peers"), "tests", {});
  assert.match(what ?? "", /^dns-peers: installed, and still missing: .*\bdig\b/);
  assert.match(advice ?? "", /^ {2}\S/);
  assert.deepEqual(others, []);

  const PATH = readFileSync(log, "utf8").trim();
  for (const name of ["invoke-rc.d", "deb-systemd-invoke"]) {
    const { stdout } = await run("/bin/sh", ["-c", `command -v ${name} && ${name} unbound start`], {
      env: { PATH },
    });
    assert.equal(stdout.trim(), join(SCRIPTS, "without-services", name));
  }
});
