/** Mutual TLS as an operator meets it: it works, or the log says in one clear line what is wrong. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { StandInServer } from "../src/nomad/stand-in-server.ts";
import { type Certificate, issue, makeAuthority } from "../test/nomad/certificates.ts";
import { AgentProcess } from "./support/agent-process.ts";
import { until } from "./support/until.ts";

suite("an agent with mutual TLS", { concurrency: true }, () => {
  const directory = mkdtempSync(join(tmpdir(), "headwaiter-tls-"));
  let server: StandInServer;
  let misnamed: StandInServer;

  function write(name: string, { cert, key }: Certificate): { cert_file: string; key_file: string } {
    const files = { cert_file: join(directory, `${name}.pem`), key_file: join(directory, `${name}-key.pem`) };
    writeFileSync(files.cert_file, cert);
    writeFileSync(files.key_file, key);
    return files;
  }
  const ca = () => ({ ca_file: join(directory, "ca.pem") });
  const client = () => ({
    cert_file: join(directory, "client.pem"),
    key_file: join(directory, "client-key.pem"),
  });

  before(async () => {
    const authority = await makeAuthority("ours");
    write("ca", authority);
    write("other-ca", await makeAuthority("others'"));
    write("client", await issue(authority, "client.global.nomad"));
    const serving = async (name: string) =>
      new StandInServer({ tls: { ca: authority.cert, ...(await issue(authority, name)) } });
    server = await serving("server.global.nomad");
    misnamed = await serving("server.elsewhere.nomad");
    for (const one of [server, misnamed]) {
      await one.start();
      one.know({ members: [{ name: "s1", address: one.address }], leader: one.address });
    }
  });
  after(async () => {
    await Promise.all([server.stop(), misnamed.stop()]);
    rmSync(directory, { recursive: true });
  });

  const agentWith = (tls: object, at: StandInServer) =>
    AgentProcess.start({ pools: { nomad: { servers: [at.address], backups: null, tls } } });

  test("right certificates: heartbeats come, and nothing is said against the server", async () => {
    await using agent = await agentWith({ ...ca(), ...client() }, server);
    const heartbeats = () => agent.log.filter(({ msg }) => msg === "first heartbeat");
    await until("a heartbeat came", 10_000, heartbeats, ({ length }) => length === 1);
    const complaints = agent.log.filter(({ level }) => level === "warn" || level === "error");
    assert.deepEqual(complaints, []);
  });

  const mistakes: readonly [string, () => object, () => StandInServer, RegExp][] = [
    ["no client certificate", ca, () => server, /requires a client certificate and none is configured/],
    [
      "an authority that did not sign the server's certificate",
      () => ({ ca_file: join(directory, "other-ca.pem"), ...client() }),
      () => server,
      /signed by an authority that is not trusted here/,
    ],
    [
      "a server with a certificate for another name",
      () => ({ ...ca(), ...client() }),
      () => misnamed,
      /its certificate is not for the name server\.global\.nomad/,
    ],
  ];
  for (const [what, tls, at, says] of mistakes) {
    test(`${what}: each part says which once, and the list stays`, async () => {
      await using agent = await agentWith(tls(), at());
      const complaints = () => agent.log.filter(({ level }) => level === "warn" || level === "error");
      await until(
        "the heartbeat and the monitor complain",
        10_000,
        complaints,
        (lines) => new Set(lines.map(({ msg }) => msg)).size === 2,
      );
      // Both try again within this time, and say no more.
      const tries = () => at().acceptedConnections;
      const before = tries();
      await until("it is tried again", 10_000, tries, (now) => now > before + 4);
      assert.deepEqual(
        complaints()
          .map(({ msg }) => msg)
          .toSorted(),
        ["no heartbeat from this server", "no server answers: the list stays as it is"],
      );
      for (const line of complaints()) {
        assert.match(String(line["reason"]), says);
        assert.ok(!JSON.stringify(line).includes("    at "), "no stack trace");
      }
      assert.deepEqual(await agent.srv("_nomad._tcp"), [at().address]);
    });
  }
});
