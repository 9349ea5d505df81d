/** `debug` against a scripted agent: what the archive holds, as `tar` reads it, and what it must not hold. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { programEnd } from "../support/program-run.ts";
import { EXPLANATION, HISTORY, METRICS, NOMAD, READY, SELF, WEB } from "../support/scripted-agent-answers.ts";
import { ScriptedAgentApi } from "../support/scripted-agent-api.ts";

let directory = "";
let archive = "";

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "headwaiter-debug-"));
  archive = join(directory, "debug.tar.gz");
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** The names in the archive, as tar lists them. */
function listed(): string[] {
  return execFileSync("tar", ["-tzf", archive], { encoding: "utf8" }).trim().split("\n");
}

function unpacked(name: string): string {
  return execFileSync("tar", ["-xzOf", archive, `headwaiter-debug/${name}`], { encoding: "utf8" });
}

const FILES = [
  ...[
    "manifest.json",
    "self.json",
    "status.json",
    "ready.json",
    "pools.json",
    "events.ndjson",
    "history.json",
    "metrics.txt",
  ],
  ...["pool-nomad.json", "explain-nomad.json", "explain-nomad.txt"],
];

test("the archive holds what each route says, for its owner alone", async (t) => {
  const api = await ScriptedAgentApi.start(t);
  const { code, stderr, stdout } = await programEnd(t, ["debug", "-o", archive, "--address", api.url]);
  const bytes = statSync(archive).size;
  assert.deepEqual(
    { code, stderr, stdout },
    { code: 0, stderr: "", stdout: `${archive}: 11 files, ${bytes} bytes\n` },
  );
  assert.equal(statSync(archive).mode & 0o777, 0o600);
  assert.deepEqual(
    listed(),
    FILES.map((name) => `headwaiter-debug/${name}`),
  );
  assert.match(
    execFileSync("tar", ["-tvzf", archive], { encoding: "utf8" }),
    /^-rw------- 0\/0 +\d+ 20\d\d-/,
  );
  assert.deepEqual(JSON.parse(unpacked("self.json")), SELF);
  assert.deepEqual(JSON.parse(unpacked("ready.json")), READY);
  assert.deepEqual(JSON.parse(unpacked("pool-nomad.json")), NOMAD);
  assert.equal(unpacked("explain-nomad.txt"), EXPLANATION);
  assert.deepEqual(JSON.parse(unpacked("history.json")), HISTORY);
  assert.equal(unpacked("metrics.txt"), METRICS);
  const lines = unpacked("events.ndjson").trim().split("\n");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line) as unknown),
    api.events,
  );
  const manifest = JSON.parse(unpacked("manifest.json")) as { files: string[]; missing: string[] };
  assert.deepEqual(["manifest.json", ...manifest.files], FILES);
  assert.deepEqual(manifest.missing, []);
});

test("no planted secret is in it", async (t) => {
  const api = await ScriptedAgentApi.start(t);
  const token = "Planted-word";
  const uuid = "5d2e4b1a-90c3-4f7e-8a6b-1c2d3e4f5a6b";
  const key = "-----BEGIN PRIVATE KEY-----MIIEplanted";
  writeFileSync(join(directory, "token"), token);
  api.self = {
    ...SELF,
    config: { hash: "0123456789abcdef", consul: { token: "plain-planted", token_file: "/etc/token" } },
    echoed: `Bearer ${token}`,
  };
  api.status = {
    state: "degraded",
    problems: [{ text: `Consul at https://user:planted@consul refuses ${uuid}` }],
  };
  api.ready = { ...READY, ready: false, warnings: [{ message: key }] };
  api.explanation = `asked with ${uuid}, ${token}\n`;
  api.metrics = `headwaiter_config_info{hash="${uuid}",address="http://u:planted@c"} 1\n`;
  api.events = [{ index: 1, kind: "source-failed", severity: "warn", secret_id: "planted", reason: uuid }];
  const args = ["debug", "-o", archive, "--token-file", join(directory, "token"), "--address", api.url];
  assert.equal((await programEnd(t, args)).code, 0);
  assert.equal(api.asked[0]?.headers.authorization, `Bearer ${token}`);
  const all = gunzipSync(readFileSync(archive)).toString("latin1");
  assert.doesNotMatch(all, /planted/i);
  assert.doesNotMatch(all, new RegExp(uuid));
  const { config } = JSON.parse(unpacked("self.json")) as { config: object };
  assert.deepEqual(config, {
    hash: "0123456789abcdef",
    consul: { token: "…", token_file: "/etc/token" },
  });
  assert.match(unpacked("metrics.txt"), /^headwaiter_config_info\{hash="…",address="http:\/\/…@c"\} 1\n$/);
});

test("what the agent does not tell is said, and the rest is there", async (t) => {
  const api = await ScriptedAgentApi.start(t);
  api.pools.set("web", WEB);
  api.missingRoute = "/metrics";
  const { code, stdout } = await programEnd(t, ["debug", "-o", archive, "--json", "--address", api.url]);
  const document = JSON.parse(stdout) as { file: string; bytes: number; files: string[]; missing: string[] };
  assert.deepEqual(document, {
    file: archive,
    bytes: statSync(archive).size,
    files: [
      ...FILES.filter((name) => name !== "metrics.txt"),
      ...["pool-web.json", "explain-web.json", "explain-web.txt"],
    ],
    missing: ["metrics.txt: no such path: /metrics"],
  });
  assert.equal(code, 0);
});

test("a file that is there is not written over, nor is what a link leads to", async (t) => {
  const api = await ScriptedAgentApi.start(t);
  const victim = join(directory, "victim");
  symlinkSync(victim, archive);
  const { code, stderr } = await programEnd(t, ["debug", "-o", archive, "--address", api.url]);
  assert.equal(
    stderr,
    `headwaiter: --output: ${archive}: expected the name of a file that is not there yet\n`,
  );
  assert.equal(code, 1);
  assert.equal(statSync(victim, { throwIfNoEntry: false }), undefined);
});

test("a place that can't be written is one line", async (t) => {
  const api = await ScriptedAgentApi.start(t);
  const path = join(directory, "absent", "debug.tar.gz");
  const { code, stderr } = await programEnd(t, ["debug", "-o", path, "--address", api.url]);
  assert.deepEqual({ code, stderr }, { code: 1, stderr: `headwaiter: --output: ${path}: no such file\n` });
});

test("without an agent there is no archive", async (t) => {
  const api = await ScriptedAgentApi.start(t);
  await api.close();
  const { code } = await programEnd(t, ["debug", "-o", archive, "--address", api.url]);
  assert.equal(code, 3);
  assert.equal(statSync(archive, { throwIfNoEntry: false }), undefined);
});

test("a pool's name becomes no path", async (t) => {
  const api = await ScriptedAgentApi.start(t);
  api.pools.set("../../up", { ...WEB, name: "../../up" });
  assert.equal((await programEnd(t, ["debug", "-o", archive, "--address", api.url])).code, 0);
  assert.ok(listed().every((name) => /^headwaiter-debug\/[\w.%-]+$/.test(name)));
});
