import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ServerEndpoint } from "../../src/core/server-endpoint.ts";
import { NomadClient } from "../../src/net/nomad/nomad-client.ts";
import { NomadConnection } from "../../src/net/nomad/nomad-connection.ts";
import { BRIEFLY, failsWith, IN_TIME } from "../net/connection/expectations.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/stand-in-server.ts", import.meta.url));

suite("a server process", () => {
  let child: ChildProcess;
  let lines: AsyncIterator<string>;
  let endpoint: ServerEndpoint;

  const nextLine = async (): Promise<unknown> => JSON.parse(String((await lines.next()).value));
  const tell = async (order: object): Promise<unknown> => {
    child.stdin?.write(`${JSON.stringify(order)}\n`);
    return await nextLine();
  };

  beforeEach(async () => {
    child = spawn(process.execPath, [SCRIPT, "--stdin"], { stdio: ["pipe", "pipe", "inherit"] });
    assert.ok(child.stdout !== null);
    lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const started = (await nextLine()) as { address: string; pid: number };
    assert.equal(started.pid, child.pid);
    endpoint = ServerEndpoint.fromLiteral(started.address);
  });
  afterEach(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    }
  });

  const open = () => NomadConnection.open(endpoint, { ...IN_TIME, region: "global" });

  test("that is killed: the held connection closes, and a new one is refused, or dies before it answers", async () => {
    const connection = await open();
    await connection.ping(IN_TIME);
    child.kill("SIGKILL");
    const closure = await connection.closed;
    assert.equal(closure.by === "failure" && closure.error.kind, "transport");
    // The kernel closes a dying process's sockets one by one: its listener may outlive our connection by a moment.
    const openAndPing = async (): Promise<void> => {
      await (await open()).ping(IN_TIME);
    };
    await assert.rejects(openAndPing(), (error: Error) => (error as { kind?: string }).kind === "transport");
  });

  test("that is stopped: connects still succeed, pings time out; continued, it answers on the same connection", async () => {
    const connection = await open();
    await connection.ping(IN_TIME);
    child.kill("SIGSTOP");
    const another = await open();
    await assert.rejects(another.ping(BRIEFLY), failsWith("call-timeout"));
    await assert.rejects(connection.ping(BRIEFLY), failsWith("call-timeout"));
    assert.equal(connection.state.phase, "open");
    child.kill("SIGCONT");
    await connection.ping(IN_TIME);
    another.close();
    connection.close();
  });

  test("takes orders on its standard input, and ends with it", async () => {
    const client = new NomadClient(endpoint, { region: "global" });
    assert.deepEqual(await tell({ view: { leader: "10.0.0.7:4647", nodeCount: 3 } }), { ok: true });
    assert.equal(await client.leader(IN_TIME), "10.0.0.7:4647");
    assert.equal(await client.nodeCount(IN_TIME), 3);
    assert.deepEqual(await tell({ fault: { kind: "silence" } }), { ok: true });
    await assert.rejects(client.ping(BRIEFLY), failsWith("call-timeout"));
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.stdin?.end();
    assert.equal(await ended, 0);
  });
});
