/** `validate`: what it says of a configuration, and of the one that an agent runs with. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { settingsOf } from "../../src/config/layer.ts";
import { restartHash, settingsHash } from "../../src/config/settings-hash.ts";
import { programEnd } from "../support/program-run.ts";
import { SELF } from "../support/scripted-agent-answers.ts";
import { ScriptedAgentApi } from "../support/scripted-agent-api.ts";

const directory = mkdtempSync(join(tmpdir(), "headwaiter-validate-"));
after(() => {
  rmSync(directory, { recursive: true });
});

function written(name: string, text: string): string {
  writeFileSync(join(directory, name), text);
  return name;
}

const SETTINGS = {
  dns: { ttl: "1s", sockets: 2 },
  consul: { address: "http://10.0.0.9:8500", token: "S3CRET" },
  pools: { web: { health: { interval: "250ms" }, servers: ["10.0.0.1:80"] }, nomad: {} },
};
const HASHES = hashesOf(SETTINGS);

function hashesOf(values: object) {
  const settings = settingsOf([{ origin: "", values }]);
  return { hash: settingsHash(settings), restart_hash: restartHash(settings) };
}
const CHANGED = `\
valid; keys that do not have their default:
KEY                        VALUE                 TAKEN AT  FROM
log.level                  debug                 reload    flag --log-level
dns.ttl                    1s                    reload    agent.yaml
dns.sockets                2                     restart   agent.yaml
consul.address             http://10.0.0.9:8500  reload    agent.yaml
consul.token               …                     reload    environment CONSUL_HTTP_TOKEN
pools.web.servers          ["10.0.0.1:80"]       reload    agent.yaml
pools.web.health.interval  250ms                 reload    agent.yaml
`;
const WARNING =
  "consul: the token goes to another machine in clear text: consul.ssl, or an https address, hides it";

suite("a valid configuration", () => {
  test("is shown where it is not the default, without a secret, with what it risks", async (t) => {
    written("agent.yaml", JSON.stringify(SETTINGS));
    const { code, stderr, stdout } = await programEnd(
      t,
      ["validate", "--config", "agent.yaml", "--log-level", "debug"],
      { cwd: directory, environment: { CONSUL_HTTP_TOKEN: "S3CRET-of-environment" } },
    );
    assert.equal(stdout, CHANGED);
    assert.equal(stderr, `headwaiter: ${WARNING}\n`);
    assert.equal(code, 0);
  });

  test("without a key says so", async (t) => {
    const end = await programEnd(t, ["validate", "--dev"]);
    assert.deepEqual(end, { code: 0, stdout: "valid; every key has its default\n", stderr: "" });
  });

  test("is a document with --json", async (t) => {
    const file = written("agent.yaml", JSON.stringify(SETTINGS));
    const { stderr, stdout } = await programEnd(t, ["validate", "--config", file, "--json"], {
      cwd: directory,
    });
    const { changed, ...rest } = JSON.parse(stdout) as { changed: object[] };
    assert.deepEqual(rest, {
      valid: true,
      hash: HASHES.hash,
      warnings: [WARNING],
      running_hash: null,
      same: null,
      needs_restart: null,
    });
    assert.deepEqual(changed[0], { key: "dns.ttl", value: "1s", origin: "agent.yaml", live: true });
    assert.doesNotMatch(stdout, /S3CRET/);
    assert.equal(stderr, "");
  });

  test("shows a value that follows from other keys", async (t) => {
    const { stdout } = await programEnd(t, ["validate"], { environment: { CONSUL_HTTP_SSL: "true" } });
    assert.match(stdout, /^consul\.address {2}https:\/\/127\.0\.0\.1:8500 {2}reload {4}other keys$/m);
  });
});

test("a mistake is the line that the agent ends with, and 1", async (t) => {
  const file = written("bad.yaml", "dns: { tll: 1s }");
  const args = ["validate", "--config", file, "--json"];
  const { code, stderr, stdout } = await programEnd(t, args, { cwd: directory });
  const [, line = ""] =
    /^headwaiter: (bad\.yaml: dns\.tll: unknown key, expected one of .*)\n$/.exec(stderr) ?? [];
  assert.deepEqual(JSON.parse(stdout), { error: line, code: "config-invalid" });
  assert.equal(code, 1);
  const agent = await programEnd(t, ["agent", "--config", file], { cwd: directory });
  assert.equal(agent.stderr, stderr);
});

test("a file for TLS that the agent could not read is a mistake, too", async (t) => {
  const tls = { ca_file: join(directory, "absent.pem") };
  const file = written("tls.yaml", JSON.stringify({ pools: { nomad: { tls } } }));
  const { code, stderr } = await programEnd(t, ["validate", "--config", file], { cwd: directory });
  const line = `headwaiter: ${tls.ca_file}: expected a readable PEM file: no such file\n`;
  assert.deepEqual({ code, stderr }, { code: 1, stderr: line });
});

suite("--against-running", () => {
  const args = ["validate", "--config", "agent.yaml", "--against-running"];

  test("ends with 0 when the agent runs with the same or can take it, and with 2 when it needs a restart", async (t) => {
    written("agent.yaml", JSON.stringify(SETTINGS));
    const api = await ScriptedAgentApi.start(t);
    const options = { cwd: directory, environment: { HEADWAITER_HTTP_ADDR: api.url } };
    api.self = { ...SELF, config: HASHES };
    const same = await programEnd(t, args, options);
    assert.match(same.stdout, /\nthe running agent has the same configuration\n$/);
    assert.equal(same.code, 0);
    api.self = { ...SELF, config: hashesOf({ ...SETTINGS, region: "eu" }) };
    const live = await programEnd(t, args, options);
    assert.match(
      live.stdout,
      /\nthe running agent has another configuration: headwaiter reload lets it take .*\n$/,
    );
    assert.equal(live.code, 0);
    api.self = SELF;
    const other = await programEnd(t, args, options);
    assert.match(
      other.stdout,
      /\nthe running agent has another configuration: a part of this one waits for a restart\n$/,
    );
    assert.equal(other.code, 2);
    const { code, stdout } = await programEnd(t, [...args, "--json"], options);
    const { running_hash, same: isSame } = JSON.parse(stdout) as { running_hash: string; same: boolean };
    assert.deepEqual(
      { code, running_hash, isSame },
      { code: 2, running_hash: "0123456789abcdef", isSame: false },
    );
  });

  test("needs an agent", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    await api.close();
    const options = { cwd: directory, environment: { HEADWAITER_HTTP_ADDR: api.url } };
    const { code, stdout } = await programEnd(t, args, options);
    assert.deepEqual({ code, stdout }, { code: 3, stdout: "" });
  });

  test("not with --dev, each run of which has servers of its own", async (t) => {
    const { code, stderr } = await programEnd(t, [...args, "--dev"], { cwd: directory });
    const line = "headwaiter: --against-running: not with --dev: each run has servers of its own\n";
    assert.deepEqual({ code, stderr }, { code: 1, stderr: line });
  });
});
