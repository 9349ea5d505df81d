/** Mutual TLS as an operator meets it: it works, or the log says in one clear line what is wrong. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, type TestContext, test } from "node:test";
import { AgentProcess } from "../scripts/lab/agent-process.ts";
import { untilSeen } from "../scripts/lab/until.ts";
import { StandInServer } from "../src/dev/stand-in-server.ts";
import { type Certificate, issue, makeAuthority } from "../test/support/certificates.ts";

const OUR_SERVERS = "server.global.nomad";

/** It waits up to 10 s, so that a fleet's do not come together, and has room for a busy machine. */
const FIRST_HEARTBEAT_MS = 30_000;

suite("an agent with mutual TLS", { concurrency: true }, () => {
  const directory = mkdtempSync(join(tmpdir(), "headwaiter-tls-"));
  let authority: Certificate;

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
    authority = await makeAuthority("ours");
    write("ca", authority);
    write("other-ca", await makeAuthority("others'"));
    write("client", await issue(authority, "client.global.nomad"));
  });
  after(() => {
    rmSync(directory, { recursive: true });
  });

  /** A server of this test's own: what it accepts comes from one agent. */
  async function serverNamed(name: string, t: TestContext): Promise<StandInServer> {
    const server = new StandInServer({ tls: { ca: authority.cert, ...(await issue(authority, name)) } });
    await server.start();
    t.after(() => server.stop());
    server.know({ members: [{ name: "s1", address: server.address }], leader: server.address });
    return server;
  }

  /** What TLS refuses comes at once; a busy machine needs its time for handshakes. */
  const health = { timeout: "10s" };
  const agentWith = (tls: object, at: StandInServer) =>
    AgentProcess.start({ pools: { nomad: { servers: [at.address], backups: null, health, tls } } });

  test("right certificates: heartbeats come, and nothing is said against the server", async (t) => {
    const server = await serverNamed(OUR_SERVERS, t);
    await using agent = await agentWith({ ...ca(), ...client() }, server);
    const heartbeats = () => agent.log.filter(({ msg }) => msg === "first heartbeat");
    await untilSeen("a heartbeat came", FIRST_HEARTBEAT_MS, heartbeats, ({ length }) => length === 1);
    const complaints = agent.log.filter(({ level }) => level === "warn" || level === "error");
    assert.deepEqual(complaints, []);
  });

  const mistakes: readonly [string, () => object, string, RegExp][] = [
    ["no client certificate", ca, OUR_SERVERS, /requires a client certificate and none is configured/],
    [
      "an authority that did not sign the server's certificate",
      () => ({ ca_file: join(directory, "other-ca.pem"), ...client() }),
      OUR_SERVERS,
      /signed by an authority that is not trusted here/,
    ],
    [
      "a server with a certificate for another name",
      () => ({ ...ca(), ...client() }),
      "elsewhere.example",
      /its certificate is not for the name server\.global\.nomad/,
    ],
  ];
  for (const [what, tls, name, says] of mistakes) {
    test(`${what}: each part says which once, and the list stays`, async (t) => {
      const server = await serverNamed(name, t);
      await using agent = await agentWith(tls(), server);
      const complaints = () => agent.log.filter(({ level }) => level === "warn" || level === "error");
      await untilSeen(
        "the heartbeat and the monitor complain",
        FIRST_HEARTBEAT_MS,
        complaints,
        (lines) => new Set(lines.map(({ msg }) => msg)).size === 2,
      );
      // Both try again within this time, and say no more.
      const tries = () => server.acceptedConnections;
      const before = tries();
      await untilSeen("it is tried again", FIRST_HEARTBEAT_MS, tries, (now) => now > before + 4);
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
      assert.deepEqual(await agent.srv("_nomad._tcp"), [server.address]);
    });
  }
});
