import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const namespaces = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];

const drill = async (stateDir: string): Promise<Record<string, string>> => {
  const imageTar = `${stateDir}/image.tar`;
  await run("docker", ["save", "--output", imageTar, process.env["CONSUL_IMAGE"] ?? ""]);
  const script = [here("support/engine-drill.bash"), here("../scripts"), stateDir, imageTar];
  const { stdout } = await run("unshare", [...namespaces, "bash", ...script]);
  const lines = stdout.trim().split("\n");
  return Object.fromEntries(lines.map((line) => line.split("=", 2) as [string, string]));
};

const engineOfOurOwn = async (): Promise<void> => {
  const stateDir = await mkdtemp("/var/tmp/headwaiter-drill-");
  try {
    assert.deepEqual(await drill(stateDir), {
      "callers at once": `4 unix://${stateDir}/docker.sock`,
      "daemons they started": "1",
      "their processes": "containerd dockerd",
      "processes after a killed daemon": "containerd dockerd",
      "works after a killed daemon": "1",
      "processes after a killed tree": "containerd dockerd",
      "works after a killed tree": "1",
      "processes after stopping a killed one": "",
      "mounts after stopping a killed one": "0",
      "works beside a reused pid": "1",
      "processes after a stop": "",
      "mounts after a stop": "0",
      bystander: "sleep",
      "processes after a missing image": "",
      "code after a signal during the image": "143",
      "processes after a signal during the image": "",
      "processes after a run that began while one ended": "",
    });
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
};

// Only root with dockerd ever starts an engine; on any other machine there is none of ours to kill.
const startsEngines = process.getuid?.() === 0 && spawnSync("dockerd", ["--version"]).status === 0;
if (startsEngines) {
  test("an engine of our own survives what kills it, and leaves nothing when stopped", engineOfOurOwn);
}
