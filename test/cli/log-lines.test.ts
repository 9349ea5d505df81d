/** What the program writes, read by strict machines and by terminals. */
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { parseDocument } from "yaml";
import { until } from "../../scripts/lab/until.ts";
import { RealAgent } from "../support/real-agent.ts";
import type { Scope } from "../support/scope.ts";
import { type ScriptedHttpServer, scriptedHttpServer } from "../support/scripted-http-server.ts";

const HOSTILE = '\n{"level":"error","msg":"forged"}\u001b[2J\u009b31m\u202e\u2028';

/**
 * A Consul where somebody registered an instance with a name to fool who reads of it, and that refuses other services.
 */
function hostileConsul(scope: Scope): Promise<ScriptedHttpServer> {
  const bad = {
    Node: { Node: HOSTILE, Address: "" },
    Service: { ID: `web-${HOSTILE}`, Port: 99_999, Address: HOSTILE },
  };
  return scriptedHttpServer(scope, (request, response) => {
    response.setHeader("content-type", "application/json");
    response.setHeader("x-consul-index", "1");
    if (request.url?.includes("/web") === true && !request.url.includes("index=")) {
      response.end(JSON.stringify([bad]));
    } else if (request.url?.includes("/db") === true) {
      response.statusCode = 500;
      response.end(`${HOSTILE}${"x".repeat(1_000_000)}`);
    }
  });
}

/** One pool of each kind, all with something to complain about. */
const POOLS = {
  web: { heartbeat: "push", servers: ["127.0.0.1:1"] },
  db: { servers: ["127.0.0.1:2", "127.0.0.1:3"] },
  nomad: { servers: ["127.0.0.1:4"], backups: null },
  alone: { backups: null },
};

suite("each line of the log", () => {
  async function written(t: TestContext, format: "json" | "text"): Promise<readonly string[]> {
    const consul = await hostileConsul(t);
    const agent = await RealAgent.start(t, {
      config: { pools: POOLS, consul: { address: consul.url }, log: { level: "debug", format } },
    });
    for (const sign of [
      "left out",
      "Consul fails",
      "no server answers",
      "no heartbeat",
      "Consul still fails",
    ]) {
      await until(() => agent.stdout.includes(sign));
    }
    await agent.changeHeads(3);
    await agent.endAfter("SIGTERM");
    assert.match(agent.stdout, /\n$/);
    return agent.stdout.split("\n").slice(0, -1);
  }

  test("is JSON with each key once", async (t) => {
    const lines = await written(t, "json");
    assert.ok(lines.length > 10);
    for (const line of lines) {
      const { level, msg } = JSON.parse(line) as { level: string; msg: string };
      assert.ok(["debug", "info", "warn", "error"].includes(level) && msg !== "forged", line);
      assert.deepEqual(parseDocument(line, { uniqueKeys: true }).errors, [], line);
      assert.doesNotMatch(line, /[\p{C}\u2028\u2029]/u);
      assert.ok(line.length < 5_000, `${line.length} characters`);
    }
  });

  test("is text that no one else can begin, end or colour", async (t) => {
    for (const line of await written(t, "text")) {
      assert.match(line, /^\d{4}-\d\d-\d\dT[\d:.]+Z \[(DEBUG|INFO|WARN|ERROR)\] +agent(\.[\w.]+)?: /);
      assert.doesNotMatch(line, /[\p{C}\u2028\u2029]/u);
      assert.ok(line.length < 5_000, `${line.length} characters`);
    }
  });
});

suite("a complaint on standard error is one printable line", () => {
  for (const [what, flags] of [
    ["a flag that nobody knows", [`--${HOSTILE}`]],
    ["a file that is not there", ["--config", `/nowhere/${HOSTILE}`]],
    ["an address", ["--dns-address", HOSTILE]],
    ["an address without an end", ["--dns-address", "x".repeat(100_000)]],
  ] as const) {
    test(what, async (t) => {
      const agent = await RealAgent.spawn(t, { flags });
      assert.equal((await agent.exit).code, 1);
      assert.match(agent.stderr, /^[^\p{C}\u2028\u2029]{10,1100}\n$/u);
    });
  }

  test("a key of the configuration", async (t) => {
    const agent = await RealAgent.spawn(t, { config: { [HOSTILE]: 1 } });
    assert.equal((await agent.exit).code, 1);
    assert.match(agent.stderr, /^headwaiter: [^\p{C}\u2028\u2029]{10,1100}\n$/u);
  });
});
