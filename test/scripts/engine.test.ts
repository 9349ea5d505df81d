/** What scripts/engine decides without starting anything: with a `docker` command of the test's own, or none. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { CommandFolder, notRoot } from "./command-folder.ts";

const SCRIPTS = resolve(import.meta.dirname, "../../scripts");
/** What the scripts call. A machine's own `docker` stays out of sight. */
const COMMANDS = "awk basename bash cat cut dirname echo env grep head id rm sed sort stat timeout tr xargs";

let folder = "";
let commands: CommandFolder;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "engine-"));
  chmodSync(folder, 0o755);
  commands = new CommandFolder(join(folder, "bin"), COMMANDS);
  // A checkout may lie where only its owner can read it.
  for (const name of ["engine", "engine-state.bash", "sweep"]) {
    cpSync(join(SCRIPTS, name), join(folder, name));
  }
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: readonly string[];
}

/** As a user who is not root: root may help itself. */
const engine = async (command: string, environment: Record<string, string> = {}): Promise<Ended> => {
  const env = {
    PATH: commands.path,
    HOME: "/nonexistent",
    HEADWAITER_STATE_DIR: join(folder, "state"),
    ...environment,
  };
  return await new Promise((done) => {
    execFile(join(folder, "engine"), [command], { env, ...notRoot }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      done({ code, stdout: stdout.trim(), stderr: stderr.trim().split("\n") });
    });
  });
};

for (const command of ["up", "status"]) {
  test(`${command}: two lines where no engine answers and we may not start one`, async () => {
    commands.stand("docker", "exit 1");
    const { code, stdout, stderr } = await engine(command);
    assert.deepEqual({ code, stdout, lines: stderr.length }, { code: 1, stdout: "", lines: 2 });
    assert.match(
      stderr[0] ?? "",
      /^engine: no Docker engine answers \(looked at: .*\/state\/docker\.sock\)$/,
    );
    assert.match(stderr[1] ?? "", /^ {2}start one .* DOCKER_HOST/);
  });

  test(`${command}: two lines say that it is the docker command that is missing`, async () => {
    const { code, stdout, stderr } = await engine(command, { DOCKER_HOST: "unix:///elsewhere.sock" });
    assert.deepEqual({ code, stdout, lines: stderr.length }, { code: 1, stdout: "", lines: 2 });
    assert.match(stderr[0] ?? "", /^engine: the docker command is missing.*unix:\/\/\/elsewhere\.sock/);
    assert.match(stderr[1] ?? "", /^ {2}install Docker's command line/);
  });
}

test("an explicit DOCKER_HOST wins over an engine of our own", async () => {
  commands.stand("docker", "exit 0");
  mkdirSync(join(folder, "state"));
  const own = createServer().listen(join(folder, "state/docker.sock"));
  try {
    assert.equal((await engine("status")).stdout, `unix://${folder}/state/docker.sock`);
    const asked = await engine("status", { DOCKER_HOST: "unix:///elsewhere.sock" });
    assert.equal(asked.stdout, "unix:///elsewhere.sock");
  } finally {
    own.close();
  }
});

test("stop removes from an engine that is not ours what dead runs left, and nothing of a live one", async () => {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").slice(0, 8);
  // Of a pid namespace that is not this one nothing is known: it counts as alive. An earlier boot's runs are dead.
  commands.stand(
    "docker",
    `case "$1" in
    ps) echo "live ${boot}-1-1-1"; echo "dead 00000000-1-1-1" ;;
    rm) echo "removed $*" >&2 ;;
  esac`,
  );
  const { code, stderr } = await engine("stop", { DOCKER_HOST: "unix:///elsewhere.sock" });
  assert.deepEqual({ code, stderr }, { code: 0, stderr: ["removed rm --force --volumes dead"] });
});
