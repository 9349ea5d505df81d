import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { AgentError } from "../src/agent-error.ts";
import { ServerEndpoint } from "../src/core/server-endpoint.ts";
import { StandInServer } from "../src/nomad/stand-in-server.ts";
import { nomadHeartbeat, nomadTls } from "../src/nomad-pool.ts";
import { silentLogger } from "../src/system-ports.ts";

const PLACE = { region: "global", datacenter: "dc1", rpcMajorVersion: 1, rpcMinorVersion: 1 };

suite("a pool of Nomad servers with ACLs", () => {
  const directory = mkdtempSync(join(tmpdir(), "headwaiter-nomad-pool-"));
  const tokenFile = join(directory, "token");
  const server = new StandInServer({ view: { token: "secret", nodeCount: 7 } });
  before(() => server.start());
  after(async () => {
    delete process.env["NOMAD_TOKEN"];
    rmSync(directory, { recursive: true });
    await server.stop();
  });

  /** Only with the right token are nodes counted. */
  async function nodesCounted(token_file: string | null): Promise<number | undefined> {
    const ports = { logger: silentLogger, connectionTo: () => undefined };
    const ask = nomadHeartbeat({ token_file }, PLACE, undefined, ports);
    const answer = await ask(ServerEndpoint.fromLiteral(server.address), AbortSignal.timeout(10_000));
    return answer.numNodes;
  }

  test("asks with the token of its file, read anew for each heartbeat", async () => {
    writeFileSync(tokenFile, "wrong\n");
    assert.equal(await nodesCounted(tokenFile), undefined);
    writeFileSync(tokenFile, "secret\n");
    assert.equal(await nodesCounted(tokenFile), 7);
  });

  test("without a file, with NOMAD_TOKEN, and without that, with none", async () => {
    assert.equal(await nodesCounted(null), undefined);
    process.env["NOMAD_TOKEN"] = "secret";
    assert.equal(await nodesCounted(null), 7);
  });

  test("says which file of its TLS can't be read", () => {
    const absent = join(directory, "absent.pem");
    const message = `${absent}: expected a readable PEM file: no such file`;
    const files = { ca_file: null, cert_file: null, key_file: null };
    for (const key of Object.keys(files)) {
      assert.throws(() => nomadTls({ ...files, [key]: absent }), new AgentError(message));
    }
  });
});
