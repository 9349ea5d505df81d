import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { AgentError } from "../../src/agent/agent-error.ts";
import { nomadTls } from "../../src/agent/nomad-tls.ts";
import { NomadToken, type TokenConfig } from "../../src/agent/nomad-token.ts";
import type { Logger } from "../../src/core/ports.ts";
import { ServerEndpoint } from "../../src/core/server-endpoint.ts";
import { StandInServer } from "../../src/dev/stand-in-server.ts";
import { nomadHeartbeat } from "../../src/net/nomad/nomad-heartbeat.ts";
import { silentLogger, systemClock } from "../../src/system-ports.ts";
import { FakeLogger } from "../support/fake-ports.ts";

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

  function tokenOf(config: Partial<TokenConfig>, logger: Logger = silentLogger): NomadToken {
    const named = { servers: [server.address], sendToken: "trusted" as const };
    return new NomadToken({ ...named, ...config }, { clock: systemClock, logger });
  }

  /** Only with the right token are nodes counted. */
  async function nodesCounted(tokenFile?: string): Promise<number | undefined> {
    const ports = { logger: silentLogger, connectionTo: () => undefined };
    const ask = nomadHeartbeat(tokenOf({ tokenFile }), PLACE, undefined, ports);
    const answer = await ask(ServerEndpoint.fromLiteral(server.address), AbortSignal.timeout(10_000));
    return answer.numNodes;
  }

  test("asks with the token of its file, read anew for each heartbeat", async () => {
    writeFileSync(tokenFile, "wrong\n");
    assert.equal(await nodesCounted(tokenFile), undefined);
    writeFileSync(tokenFile, "secret\n");
    assert.equal(await nodesCounted(tokenFile), 7);
  });

  test("keeps the last token while the file is away, blames no server, and says it once", async () => {
    const logger = new FakeLogger();
    const ports = { logger, connectionTo: () => undefined };
    const ask = nomadHeartbeat(tokenOf({ tokenFile }, logger), PLACE, undefined, ports);
    const endpoint = ServerEndpoint.fromLiteral(server.address);
    writeFileSync(tokenFile, "secret\n");
    assert.equal((await ask(endpoint, AbortSignal.timeout(10_000))).numNodes, 7);
    rmSync(tokenFile);
    assert.ok(await ask(endpoint, AbortSignal.timeout(10_000)));
    assert.ok(await ask(endpoint, AbortSignal.timeout(10_000)));
    const told = logger.lines.filter(({ message }) => message.includes("token file"));
    assert.deepEqual(
      told.map(({ level }) => level),
      ["warn", "debug"],
    );
  });

  test("asks without a token when there never was one in the file", async () => {
    const ports = { logger: silentLogger, connectionTo: () => undefined };
    const ask = nomadHeartbeat(tokenOf({ tokenFile: join(directory, "absent") }), PLACE, undefined, ports);
    const answer = await ask(ServerEndpoint.fromLiteral(server.address), AbortSignal.timeout(10_000));
    assert.equal(answer.numNodes, undefined);
  });

  test("refuses a NOMAD_TOKEN that can't be one, without showing it; an empty one is none", async () => {
    process.env["NOMAD_TOKEN"] = "two words";
    assert.throws(
      () => tokenOf({}),
      new AgentError("environment NOMAD_TOKEN: can't be a token: byte 4 is white space"),
    );
    process.env["NOMAD_TOKEN"] = "";
    assert.equal(await nodesCounted(), undefined);
    delete process.env["NOMAD_TOKEN"];
  });

  test("without a file, with NOMAD_TOKEN, and without that, with none", async () => {
    assert.equal(await nodesCounted(), undefined);
    process.env["NOMAD_TOKEN"] = "secret";
    assert.equal(await nodesCounted(), 7);
  });

  test("says which file of its TLS can't be read", () => {
    const absent = join(directory, "absent.pem");
    const message = `${absent}: expected a readable PEM file: no such file`;
    for (const key of ["caFile", "certFile", "keyFile"]) {
      assert.throws(() => nomadTls({ [key]: absent }), new AgentError(message));
    }
  });
});
