import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, type TestContext, test } from "node:test";
import { NomadToken } from "../../src/agent/nomad-token.ts";
import { configOf } from "../../src/config/layer.ts";
import { warningsOf } from "../../src/config/warnings.ts";
import { ServerEndpoint } from "../../src/core/server-endpoint.ts";
import { StandInServer } from "../../src/dev/stand-in-server.ts";
import { nomadHeartbeat } from "../../src/net/nomad/nomad-heartbeat.ts";
import { nomadRegion } from "../../src/net/nomad/nomad-region.ts";
import { silentLogger, systemClock } from "../../src/system-ports.ts";
import { FakeLogger } from "../support/fake-ports.ts";
import { scriptedServer } from "../support/scripted-server.ts";

const SECRET = "8b1a9953-c461-1296-a827-abf8c47804d7";
const PLACE = { region: "global", datacenter: "dc1", rpcMajorVersion: 1, rpcMinorVersion: 1 };

const directory = mkdtempSync(join(tmpdir(), "headwaiter-nomad-token-"));
const token_file = join(directory, "token");
writeFileSync(token_file, SECRET);
after(() => {
  rmSync(directory, { recursive: true });
});

function poolOf(pool: object) {
  const { pools } = configOf([{ origin: "test", values: { pools: { nomad: { token_file, ...pool } } } }]);
  const nomad = pools["nomad"];
  assert(nomad !== undefined);
  return nomad;
}

function tokenOf(pool: object, logger = new FakeLogger()): NomadToken {
  return new NomadToken(poolOf(pool), { clock: systemClock, logger });
}

suite("Nomad's token goes to", () => {
  test("a server that the configuration names, however it is spelled", () => {
    const servers = ["127.0.0.1", "[::1]:4647", "Nomad.Example.:4648"];
    const token = tokenOf({ servers });
    for (const key of ["127.0.0.1:4647", "[::1]:4647", "nomad.example:4648"]) {
      assert.equal(token.for(key), SECRET);
    }
    for (const key of ["127.0.0.1:4648", "127.0.0.2:4647", "nomad.example:4647"]) {
      assert.equal(token.for(key), undefined);
    }
  });

  test("every server when TLS proves who it is, or when it is always sent", () => {
    assert.equal(tokenOf({ tls: {} }).for("127.0.0.9:4647"), SECRET);
    assert.equal(tokenOf({ send_token: "always" }).for("127.0.0.9:4647"), SECRET);
    assert.equal(tokenOf({}).for("127.0.0.9:4647"), undefined);
  });

  test("no other; that is said once with the key that would change it, and shown for as long as it lasts", () => {
    const logger = new FakeLogger();
    const token = tokenOf({ servers: ["127.0.0.1:4647"] }, logger);
    assert.deepEqual(token.warnings(), []);
    token.for("127.0.0.9:4647");
    token.for("127.0.0.8:4647");
    assert.deepEqual(logger.levels(), ["warn", "debug"]);
    assert.match(logger.lines[0]?.message ?? "", /withheld .* send_token: always/);
    assert.match(token.warnings()[0]?.message ?? "", /withheld .* send_token: always/);
    assert.equal(token.warnings().length, 1);
    token.for("127.0.0.1:4647");
    assert.deepEqual(token.warnings(), []);
    assert.doesNotMatch(JSON.stringify(logger.lines), new RegExp(SECRET));
  });

  test("nobody, and nothing is said, when there is none", () => {
    const logger = new FakeLogger();
    const token = new NomadToken(poolOf({ token_file: null }), { clock: systemClock, logger });
    assert.equal(token.for("127.0.0.9:4647"), undefined);
    assert.deepEqual(logger.lines, []);
    assert.deepEqual(token.warnings(), []);
  });

  test("whoever is a server in clear text only with a warning at the start", () => {
    const of = (pool: object) =>
      warningsOf(configOf([{ origin: "test", values: { pools: { nomad: pool } } }]));
    assert.match(of({ send_token: "always" }).join(), /pools\.nomad: send_token: always .*clear text/);
    assert.deepEqual(of({ send_token: "always", tls: {} }), []);
    assert.deepEqual(of({}), []);
  });
});

/** Passes bytes on, and keeps those that go to the server. */
async function wiretap(t: TestContext, target: ServerEndpoint) {
  const bytes: Buffer[] = [];
  const { endpoint } = await scriptedServer(t, (socket) => {
    const onward = connect(target.port, target.host).on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      bytes.push(chunk);
    });
    socket.on("close", () => onward.destroy());
    socket.pipe(onward);
    onward.pipe(socket);
  });
  /** How often the token went by, and all methods that were called. */
  const heard = (): { tokens: number; methods: readonly string[] } => {
    const text = Buffer.concat(bytes).toString("latin1");
    return { tokens: text.split(SECRET).length - 1, methods: text.match(/(?:Status|Node)\.[A-Z]\w+/g) ?? [] };
  };
  return { endpoint, heard };
}

suite("on the wire", () => {
  const server = new StandInServer({ view: { token: SECRET, nodeCount: 7 } });
  before(() => server.start());
  after(() => server.stop());

  async function heartbeatOf(t: TestContext, pool: (key: string) => object) {
    const { endpoint, heard } = await wiretap(t, ServerEndpoint.fromLiteral(server.address));
    const token = tokenOf(pool(endpoint.key));
    const ports = { logger: silentLogger, connectionTo: () => undefined };
    const answer = await nomadHeartbeat(
      token,
      PLACE,
      undefined,
      ports,
    )(endpoint, AbortSignal.timeout(10_000));
    return { ...heard(), numNodes: answer.numNodes };
  }

  test("a server that is merely found is asked without the token, and its answer is used", async (t) => {
    const { tokens, methods, numNodes } = await heartbeatOf(t, () => ({}));
    assert.equal(tokens, 0);
    assert.equal(numNodes, undefined);
    assert.ok(methods.includes("Status.Peers"));
  });

  test("one that is named gets it with the two calls that need it", async (t) => {
    const { tokens, methods, numNodes } = await heartbeatOf(t, (key) => ({ servers: [key] }));
    assert.deepEqual(methods, ["Status.Leader", "Status.Members", "Node.List"]);
    assert.equal(tokens, 2);
    assert.equal(numNodes, 7);
  });

  test("one that is asked for its region gets it by the same rule", async (t) => {
    for (const [named, tokens] of [
      [false, 0],
      [true, 1],
    ] as const) {
      const { endpoint, heard } = await wiretap(t, ServerEndpoint.fromLiteral(server.address));
      const token = tokenOf({ servers: named ? [endpoint.key] : [] });
      const ask = nomadRegion(token, PLACE, undefined, () => 10_000);
      assert.equal((await ask(endpoint, AbortSignal.timeout(10_000))).serves, true);
      assert.equal(heard().tokens, tokens);
    }
  });
});
