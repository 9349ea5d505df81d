import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionError } from "../../../src/net/connection/connection-error.ts";
import { decodeValue, MessageReader } from "../../../src/net/nomad/message-reader.ts";
import { NomadClient } from "../../../src/net/nomad/nomad-client.ts";
import { type Answer, NomadConnection } from "../../../src/net/nomad/nomad-connection.ts";
import type { Scope } from "../../support/scope.ts";
import { scriptedServer } from "../../support/scripted-server.ts";
import { RECORDED, type RecordedExchange } from "./recorded-exchanges.ts";

const IN_TIME = { timeoutMs: 10_000 };
const STALE = { ...IN_TIME, allowStale: true };
const ANYTHING: Answer<unknown> = { keepBytes: 4096, limitBytes: 4096, read: decodeValue };

interface Caller {
  readonly client: NomadClient;
  /** The same in a region that nobody knows. */
  readonly elsewhere: NomadClient;
  readonly connection: NomadConnection;
}

/**
 * How this client makes each recorded request. What is missing here is no request: a wrong first byte, a broken header.
 */
const CALLS: Readonly<Record<string, (caller: Caller) => Promise<unknown>>> = {
  ping: ({ client }) => client.ping(IN_TIME),
  leader: ({ client }) => client.leader(IN_TIME),
  "leader-stale": ({ client }) => client.leader(STALE),
  peers: ({ client }) => client.peers(IN_TIME),
  "peers-stale": ({ client }) => client.peers(STALE),
  "peers-without-region": ({ connection }) => connection.call("Status.Peers", {}, ANYTHING, IN_TIME),
  members: async ({ client }) => {
    const { region, members } = await client.members(IN_TIME);
    assert.equal(region, "global");
    return members;
  },
  version: ({ connection }) => connection.call("Status.Version", { Region: "global" }, ANYTHING, IN_TIME),
  "node-list": ({ client }) => client.nodeCount(IN_TIME),
  "node-list-stale": ({ client }) => client.nodeCount(STALE),
  "unknown-region": ({ elsewhere }) => elsewhere.leader(IN_TIME),
  "unknown-method": ({ connection }) =>
    connection.call("Status.Nope", { Region: "global" }, ANYTHING, IN_TIME),
  "unknown-service": ({ connection }) =>
    connection.call("Nope.Ping", { Region: "global" }, ANYTHING, IN_TIME),
  "update-status-unknown-node": ({ connection }) =>
    connection.call(
      "Node.UpdateStatus",
      { NodeID: "11111111-2222-3333-4444-555555555555", Status: "ready", Region: "global" },
      ANYTHING,
      IN_TIME,
    ),
  pipelined: ({ client }) =>
    Promise.all([client.ping(IN_TIME), client.leader(IN_TIME), client.peers(IN_TIME), client.ping(IN_TIME)]),
};

const PEERS_OF: Readonly<Record<string, readonly string[]>> = {
  "0.4.0": ["127.0.0.1:24677", "127.0.0.1:24667", "127.0.0.1:24657"],
  "1.0.18": ["127.0.0.1:14677", "127.0.0.1:14667", "127.0.0.1:14657"],
};
const LEADER_OF: Readonly<Record<string, string>> = {
  "0.4.0": "127.0.0.1:24677",
  "1.0.18": "127.0.0.1:14667",
};
const versionOf = (server: string) => ({
  Build: server,
  Index: 0,
  KnownLeader: false,
  LastContact: 0,
  Versions: { "api.major": 1, "api.minor": 1, protocol: 1 },
});
const memberTags = { build: "1.0.18", dc: "dc1", expect: "3", mvn: "1", raft_vsn: "3", region: "global" };
const member = (name: string, port: string, id: string) => ({
  name: `${name}.global`,
  status: "alive",
  tags: { ...memberTags, id, port, role: "nomad", rpc_addr: "127.0.0.1", vsn: "1" },
});
const MEMBERS = [
  member("s1", "14657", "e8e92833-d215-0c91-91f3-595dc68a20a7"),
  member("s2", "14667", "ac8463ba-28e1-8d95-2217-fe21bcc8f1c2"),
  member("s3", "14677", "80896df5-be29-3e09-c560-665d405c5b17"),
];

/** What a call ends in: its value, or the code of its error and the end of its message. */
type Outcome = { readonly value: unknown } | { readonly code: string; readonly says: string };

function expected({ server, role, name }: RecordedExchange): Outcome {
  const withoutQuorum = role === "no-quorum";
  const old = server === "0.4.0";
  switch (name) {
    case "ping":
      return { value: undefined };
    case "leader":
      return withoutQuorum ? { code: "no-leader", says: "No cluster leader" } : { value: LEADER_OF[server] };
    case "leader-stale":
      return { value: withoutQuorum ? "" : LEADER_OF[server] };
    case "peers":
      return { value: PEERS_OF[server] };
    case "peers-stale":
      return { value: PEERS_OF[server]?.toReversed() };
    case "peers-without-region":
      return old ? { code: "application-error", says: "missing target RPC" } : { value: PEERS_OF[server] };
    case "members":
      return old
        ? { code: "unknown-method", says: "rpc: can't find method Status.Members" }
        : { value: MEMBERS };
    case "version":
      return { value: versionOf(server) };
    case "node-list":
    case "node-list-stale":
      return { value: 0 };
    case "unknown-region":
      return { code: "no-path-to-region", says: "No path to region" };
    case "unknown-method":
      return { code: "unknown-method", says: "rpc: can't find method Status.Nope" };
    case "unknown-service":
      return { code: "unknown-method", says: "rpc: can't find service Nope.Ping" };
    case "update-status-unknown-node":
      return {
        code: "application-error",
        says: old && role === "follower" ? "rpc error: node not found" : "node not found",
      };
    case "pipelined":
      return { value: [undefined, LEADER_OF[server], PEERS_OF[server], undefined] };
    default:
      throw new Error(`no expectation for ${name}`);
  }
}

async function outcomeOf(call: Promise<unknown>): Promise<Outcome> {
  try {
    const value = await call;
    return { value: Array.isArray(value) ? inOrder(value) : value };
  } catch (error) {
    assert.ok(error instanceof ConnectionError, String(error));
    return { code: error.code, says: error.message };
  }
}

/** A server lists its members in the random order of a Go map. */
function inOrder(values: unknown[]): unknown[] {
  const named = values.every((value) => typeof value === "object" && value !== null && "name" in value);
  return named
    ? values.toSorted((one, other) => String(nameOf(one)).localeCompare(String(nameOf(other))))
    : values;
}
const nameOf = (value: unknown) => (value as { name: unknown }).name;

const requests = RECORDED.filter(({ name }) => name in CALLS);

/** Answers the recorded bytes, cut as the test wants, as soon as the recorded request has come in on one connection. */
async function replay(scope: Scope, exchange: RecordedExchange, pieces: readonly Buffer[]) {
  let sent = Buffer.alloc(0);
  const server = await scriptedServer(scope, (socket) => {
    let got = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      got = Buffer.concat([got, chunk]);
      if (got.length < exchange.sent.length) {
        return;
      }
      sent = got;
      for (const piece of pieces) {
        socket.write(piece);
      }
      if (exchange.connectionClosedByServer) {
        socket.end();
      }
    });
  });
  return { server, sent: () => sent.toString("hex") };
}

async function makeCall(scope: Scope, exchange: RecordedExchange, pieces: readonly Buffer[]) {
  const { server, sent } = await replay(scope, exchange, pieces);
  const connection = await NomadConnection.open(server.endpoint, { ...IN_TIME, region: "global" });
  const client = new NomadClient(server.endpoint, { region: "global" }, connection);
  const elsewhere = new NomadClient(server.endpoint, { region: "nope" }, connection);
  const call = CALLS[exchange.name];
  assert.ok(call !== undefined);
  const outcome = await outcomeOf(call({ client, elsewhere, connection }));
  if (exchange.connectionClosedByServer) {
    const closure = await connection.closed;
    assert.equal(closure.by === "failure" && closure.error.code, "connection-closed");
  }
  connection.close();
  return { outcome, sent: sent() };
}

function assertOutcome(actual: Outcome, wanted: Outcome): void {
  if ("code" in wanted) {
    assert.ok("code" in actual, "expected an error");
    assert.equal(actual.code, wanted.code);
    assert.ok(actual.says.endsWith(`: ${wanted.says}`), actual.says);
  } else {
    assert.deepEqual(actual, wanted);
  }
}

for (const exchange of requests) {
  test(`${exchange.title}: sent byte for byte, decoded to the expected value`, async (t) => {
    const { outcome, sent } = await makeCall(t, exchange, [exchange.received]);
    assert.equal(sent, exchange.sent.toString("hex"));
    assertOutcome(outcome, expected(exchange));
  });
}

test("every recorded answer is decoded when it arrives byte by byte", async (t) => {
  for (const exchange of requests) {
    const bytes = Array.from(exchange.received, (byte) => Buffer.of(byte));
    const { outcome } = await makeCall(t, exchange, bytes);
    assertOutcome(outcome, expected(exchange));
  }
});

/** The values that a stream of messages holds, however it is cut. */
function valuesOf(pieces: readonly Uint8Array[]): unknown[] {
  const values: unknown[] = [];
  const plan = { keepBytes: 4096, limitBytes: 4096 };
  const reader = new MessageReader({
    header: (value) => {
      values.push(value);
      return plan;
    },
    body: (bytes) => values.push(decodeValue(bytes)),
  });
  for (const piece of pieces) {
    reader.push(piece);
  }
  return values;
}

test("every recorded answer means the same when it is cut at any byte", () => {
  for (const { title, received } of RECORDED) {
    const whole = valuesOf([received]);
    for (let cut = 0; cut <= received.length; cut += 1) {
      assert.deepEqual(
        valuesOf([received.subarray(0, cut), received.subarray(cut)]),
        whole,
        `${title} at ${cut}`,
      );
    }
  }
});

test("all 66 recorded exchanges are covered: 58 requests, and 8 first bytes or headers that are none", () => {
  const others = RECORDED.filter(({ name }) => !(name in CALLS));
  assert.equal(requests.length, 58);
  assert.deepEqual(
    new Set(others.map(({ name }) => name)),
    new Set(["wrong-first-byte", "undecodable-header"]),
  );
});
