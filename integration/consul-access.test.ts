import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { promisify } from "node:util";
import { AgentProcess } from "../scripts/lab/agent-process.ts";
import { untilSeen } from "../scripts/lab/until.ts";
import type { ConsulClientOptions } from "../src/net/consul/consul-client.ts";
import { WatchedPool } from "../test/support/watched-pool.ts";
import { ConsulContainer } from "./support/consul-container.ts";

const run = promisify(execFile);
const ONE = "192.0.2.1:4001";
const TWO = "192.0.2.1:4002";
const IMPATIENT = { waitMs: 5_000, slackMs: 3_000, maxBackoffMs: 500 };

suite("a Consul whose ACLs deny by default", () => {
  let consul: ConsulContainer;
  let directory: string;
  before(async () => {
    const hcl = ['acl { enabled = true, default_policy = "deny", tokens { master = "root" } }'];
    [consul, directory] = await Promise.all([
      ConsulContainer.start({ hcl, token: "root" }),
      mkdtemp(join(tmpdir(), "headwaiter-acl-")),
    ]);
    await consul.http.call("PUT", "/v1/catalog/register", instance(4001));
  });
  after(async () => {
    await consul.remove();
    await rm(directory, { recursive: true });
  });

  function instance(port: number): object {
    const service = { ID: `web-${port}`, Service: "web", Address: "192.0.2.1", Port: port };
    return { Node: "outside", Address: "192.0.2.1", Service: service };
  }

  let policies = 0;
  async function token(rules: string): Promise<{ secret: string; revoke(): Promise<unknown> }> {
    policies += 1;
    const name = `policy-${policies}`;
    await consul.http.call("PUT", "/v1/acl/policy", { Name: name, Rules: rules });
    const made = await consul.http.call("PUT", "/v1/acl/token", { Policies: [{ Name: name }] });
    const { SecretID: secret, AccessorID: accessor } = made as { SecretID: string; AccessorID: string };
    return { secret, revoke: () => consul.http.call("DELETE", `/v1/acl/token/${accessor}`) };
  }

  function watch(options: Partial<ConsulClientOptions>): WatchedPool {
    return new WatchedPool({ address: `http://127.0.0.1:${consul.httpPort}`, ...options }, IMPATIENT);
  }

  const READ_SERVICE = 'service_prefix "web" { policy = "read" }';
  const READ_NODE = 'node_prefix "" { policy = "read" }';

  test("shows its servers to a token with service:read and node:read", async () => {
    const { secret } = await token(`${READ_SERVICE} ${READ_NODE}`);
    await using pool = watch({ token: secret });
    await pool.shows([ONE]);
    assert.equal(pool.watcher.status().missingRights, undefined);
    assert.deepEqual(pool.logger.lines, []);
  });

  test("hides them from a token without node:read: that is said", async () => {
    const { secret } = await token(READ_SERVICE);
    await using pool = watch({ token: secret });
    await pool.shows([]);
    assert.match(pool.watcher.status().missingRights?.message ?? "", /node:read/);
    assert.match(pool.logger.lines[0]?.message ?? "", /node:read/);
  });

  test("refuses an unknown token with 403", async () => {
    await using pool = watch({ token: "00000000-0000-4000-8000-000000000000" });
    await pool.fails("http-403");
    assert.deepEqual(pool.reports, []);
  });

  test("lets a token be rotated in its file while the watch runs", async () => {
    const tokenFile = join(directory, "token");
    const [old, next] = [
      await token(`${READ_SERVICE} ${READ_NODE}`),
      await token(`${READ_SERVICE} ${READ_NODE}`),
    ];
    await writeFile(tokenFile, old.secret);
    await using pool = watch({ tokenFile });
    await pool.shows([ONE]);
    await old.revoke();
    await consul.http.call("PUT", "/v1/catalog/register", instance(4002));
    await pool.fails("http-403");
    assert.deepEqual(pool.list, [ONE]);
    await writeFile(tokenFile, next.secret);
    await pool.shows([ONE, TWO]);
    assert.equal(pool.wasEmptied, false);
  });
});

suite("a Consul that speaks TLS", () => {
  let consul: ConsulContainer;
  let strict: ConsulContainer;
  let directory: string;
  const file = (name: string) => join(directory, name);

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "headwaiter-tls-"));
    await makeCertificates(directory);
    const files = {
      "/tmp/ca.pem": await readFile(file("ca.pem"), "utf8"),
      "/tmp/server.pem": await readFile(file("server.pem"), "utf8"),
      "/tmp/server-key.pem": await readFile(file("server-key.pem"), "utf8"),
    };
    const paths = 'ca_file = "/tmp/ca.pem", cert_file = "/tmp/server.pem", key_file = "/tmp/server-key.pem"';
    // The published port that DNS would have had; plain HTTP stays for the test's own questions.
    const hcl = [paths.replaceAll(", ", "\n"), "ports { dns = -1, https = 8600 }"];
    [consul, strict] = await Promise.all([
      ConsulContainer.start({ files, hcl }),
      ConsulContainer.start({ files, hcl: [...hcl, "verify_incoming_https = true"] }),
    ]);
    await Promise.all(
      [consul, strict].map(({ http }) => http.register({ name: "web", address: "192.0.2.1", port: 4001 })),
    );
  });
  after(async () => {
    await Promise.all([consul.remove(), strict.remove()]);
    await rm(directory, { recursive: true });
  });

  function watch(at: ConsulContainer, options: Partial<ConsulClientOptions>): WatchedPool {
    return new WatchedPool({ address: `https://127.0.0.1:${at.dnsPort}`, ...options }, IMPATIENT);
  }

  test("is watched with the authority that signed its certificate", async () => {
    await using pool = watch(consul, { caFile: file("ca.pem") });
    await pool.shows([ONE]);
  });

  test("is watched by the program as it is installed, which loads TLS when it is needed", async () => {
    const web = { heartbeat: "none", ping: "none", backups: { service: "web" } };
    const address = `https://127.0.0.1:${consul.dnsPort}`;
    const settings = { consul: { address, ca_file: file("ca.pem") }, pools: { web } };
    await using agent = await AgentProcess.start(settings);
    const answered = () => agent.srv("_web._tcp");
    await untilSeen("the server that Consul knows", 30_000, answered, ([first]) => first === ONE);
  });

  test("is not trusted without it", async () => {
    await using pool = watch(consul, {});
    await pool.fails("tls");
  });

  test("is known by its server name, and by no other", async () => {
    await using pool = watch(consul, { caFile: file("ca.pem"), serverName: "server.dc1.consul" });
    await pool.shows([ONE]);
    await using other = watch(consul, { caFile: file("ca.pem"), serverName: "server.dc2.consul" });
    await other.fails("tls");
  });

  test("that verifies its clients takes one with a certificate, and no other", async () => {
    const caFile = file("ca.pem");
    await using pool = watch(strict, {
      caFile,
      certFile: file("client.pem"),
      keyFile: file("client-key.pem"),
    });
    await pool.shows([ONE]);
    await using other = watch(strict, { caFile });
    await other.fails("tls");
    assert.deepEqual(other.reports, []);
  });
});

/** Consul makes its own certificates. */
async function makeCertificates(directory: string): Promise<void> {
  await using consul = await ConsulContainer.start();
  const tls = (...args: string[]) =>
    run("docker", ["exec", "--workdir", "/tmp", consul.containerId, "consul", "tls", ...args]);
  await tls("ca", "create");
  await tls("cert", "create", "-server");
  await tls("cert", "create", "-client");
  const names = {
    "consul-agent-ca.pem": "ca.pem",
    "dc1-server-consul-0.pem": "server.pem",
    "dc1-server-consul-0-key.pem": "server-key.pem",
    "dc1-client-consul-0.pem": "client.pem",
    "dc1-client-consul-0-key.pem": "client-key.pem",
  };
  for (const [from, to] of Object.entries(names)) {
    await run("docker", ["cp", `${consul.containerId}:/tmp/${from}`, join(directory, to)]);
  }
}
