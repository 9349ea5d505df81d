import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import type { PushedHeartbeat } from "../../../src/core/heartbeat.ts";
import { EndpointError } from "../../../src/core/rpc-addr.ts";
import type { SourceWarning } from "../../../src/core/source-warning.ts";
import type { PoolApi } from "../../../src/views/http/http-api.ts";
import { HttpListenError } from "../../../src/views/http/http-listener.ts";
import { HttpServer } from "../../../src/views/http/http-server.ts";
import { fakePool, httpOptions } from "../../support/http-fixtures.ts";

const directory = mkdtempSync(join(tmpdir(), "headwaiter-http-"));
const tokenFile = join(directory, "token");
const taken: PushedHeartbeat[] = [];
let isReady = false;
let dnsState = "serving";
let refused = [new EndpointError("host-missing", ":1", "expected a host")];
let warnings: SourceWarning[] = [];
/** Counts from the epoch. */
const clock = { now: () => 0, after: () => () => undefined };

function serverWith(token?: string): HttpServer {
  const web = fakePool("web", {
    isReady: () => isReady,
    warnings: () => warnings,
    pushed: {
      take: (heartbeat) => {
        taken.push(heartbeat);
        return Promise.resolve(refused);
      },
    },
  });
  return new HttpServer(
    httpOptions({
      tokenFile: token,
      dnsState: () => dnsState,
      clock,
      pools: new Map<string, PoolApi>([
        ["web", web],
        ["quiet", fakePool("quiet")],
      ]),
    }),
  );
}

interface Reply {
  readonly status: number | undefined;
  readonly body: unknown;
}

function ask(server: HttpServer, method: string, path: string, body?: string, headers = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const json = body === undefined ? {} : { "content-type": "application/json" };
    const { port } = server.address() ?? {};
    const outgoing = request({ host: "127.0.0.1", port, method, path, headers: { ...json, ...headers } });
    outgoing.on("error", reject);
    outgoing.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => {
        resolve({ status: response.statusCode, body: JSON.parse(text) });
      });
    });
    outgoing.end(body);
  });
}

const HEARTBEAT = {
  servers: [{ address: "10.0.0.1:80" }],
  leader: "10.0.0.1:80",
  ttl_seconds: 30,
};

suite("the HTTP server", () => {
  const server = serverWith();
  const guarded = serverWith(tokenFile);
  before(async () => {
    writeFileSync(tokenFile, "secret\n");
    await server.start();
    await guarded.start();
  });
  after(async () => {
    await server.stop();
    await guarded.stop();
    rmSync(directory, { recursive: true });
  });

  const heartbeat = (body: unknown, headers = {}, to = server) =>
    ask(
      to,
      "PUT",
      "/v1/pools/web/heartbeat",
      typeof body === "string" ? body : JSON.stringify(body),
      headers,
    );

  test("is alive, and ready when every pool has a head and DNS is served", async () => {
    assert.equal((await ask(server, "GET", "/v1/agent/health")).status, 200);
    const states: [boolean, string, number, object][] = [
      [false, "serving", 503, { ready: false, waiting: ["web"], dns: "serving", stale: false, warnings: [] }],
      [true, "restarting", 503, { ready: false, waiting: [], dns: "restarting", stale: false, warnings: [] }],
      [true, "serving", 200, { ready: true, waiting: [], dns: "serving", stale: false, warnings: [] }],
    ];
    for (const [head, dns, status, body] of states) {
      isReady = head;
      dnsState = dns;
      const reply = await ask(server, "GET", "/v1/agent/ready");
      const shown = reply.body as Readonly<Record<string, unknown>>;
      const { pools } = shown;
      assert.deepEqual(
        { status: reply.status, body: shown },
        { status, body: { ...body, pools, stopping: false } },
      );
    }
  });

  test("shows what is wrong with a pool's sources, and stays ready", async () => {
    const warning = { since: "2026-01-01T00:00:00.000Z", message: "Consul fails: timeout" };
    warnings = [{ ...warning, since: Date.parse(warning.since) }];
    isReady = true;
    dnsState = "serving";
    const { status, body } = await ask(server, "GET", "/v1/agent/ready");
    warnings = [];
    assert.equal(status, 200);
    const { warnings: shown, ready } = body as Readonly<Record<string, unknown>>;
    assert.deepEqual([ready, shown], [true, [{ pool: "web", ...warning }]]);
  });

  test("says which pool is not ready, and what it waits for", async () => {
    isReady = false;
    const { body } = await ask(server, "GET", "/v1/agent/ready?pool=web");
    isReady = true;
    const { pools } = body as { pools: unknown };
    assert.deepEqual(pools, { web: { ready: false, waits_for: [], since_at: null } });
  });

  test("takes a heartbeat, fills in defaults, and reports the addresses that can't be used", async () => {
    const reply = await heartbeat(HEARTBEAT);
    assert.deepEqual(reply, {
      status: 200,
      body: {
        rejected: [{ address: ":1", code: "host-missing", error: 'server address ":1": expected a host' }],
      },
    });
    assert.deepEqual(taken.at(-1), {
      servers: [
        { rpcAdvertiseAddr: "10.0.0.1:80", datacenter: "dc1", rpcMajorVersion: 1, rpcMinorVersion: 0 },
      ],
      numNodes: undefined,
      leaderRpcAddr: "10.0.0.1:80",
      ttlMs: 30_000,
    });
  });

  const mistakes: [string, unknown, RegExp][] = [
    ["an unknown key", { ...HEARTBEAT, nodes: 3 }, /^body: Unrecognized key: "nodes"$/],
    ["no leader", { servers: [], ttl_seconds: 30 }, /^body: leader: /],
    ["a ttl that is no number", { ...HEARTBEAT, ttl_seconds: "30s" }, /ttl_seconds/],
    ["a server without an address", { ...HEARTBEAT, servers: [{}] }, /servers\.0\.address/],
    ["a negative number of nodes", { ...HEARTBEAT, num_nodes: -1 }, /num_nodes/],
    ["half a node", { ...HEARTBEAT, num_nodes: 0.5 }, /num_nodes/],
    ["more nodes than a fleet can have", { ...HEARTBEAT, num_nodes: 10_000_001 }, /num_nodes: .*10000000/],
    ["half a billion nodes", { ...HEARTBEAT, num_nodes: 500_000_000 }, /num_nodes/],
    [
      "as many nodes as there are integers",
      { ...HEARTBEAT, num_nodes: Number.MAX_SAFE_INTEGER },
      /num_nodes/,
    ],
    ["a ttl of more than a day", { ...HEARTBEAT, ttl_seconds: 86_401 }, /ttl_seconds/],
    ["a prototype", '{"__proto__":{},"servers":[],"leader":"","ttl_seconds":30}', /__proto__/],
    [
      "a constructor's prototype",
      '{"constructor":{"prototype":{}},"servers":[],"leader":"","ttl_seconds":30}',
      /constructor/,
    ],
    [
      "a server's prototype",
      '{"servers":[{"address":"10.0.0.1:80","__proto__":{}}],"leader":"","ttl_seconds":30}',
      /servers\.0: .*__proto__/,
    ],
    [
      "a version of ten digits",
      { ...HEARTBEAT, servers: [{ address: "10.0.0.1:80", rpc_major_version: 1_000_000_000 }] },
      /servers\.0\.rpc_major_version/,
    ],
  ];
  for (const [what, body, message] of mistakes) {
    test(`refuses ${what} with 400 and its place`, async () => {
      const before = taken.length;
      const reply = await heartbeat(body);
      assert.equal(reply.status, 400);
      assert.match((reply.body as { error: string }).error, message);
      assert.equal(taken.length, before);
    });
  }

  test("a reason is one short line, whatever the body calls its keys", async () => {
    const { status, body } = await heartbeat({ ...HEARTBEAT, [`\u001b]0;${"k".repeat(5000)}`]: 1 });
    const { error } = body as { error: string };
    assert.equal(status, 400);
    assert.ok(error.length < 350 && error.startsWith("body: "), error);
    assert.doesNotMatch(error, /\p{C}/u);
  });

  test("says nothing of others as it came, and nothing without a bound", async () => {
    const hostile = `${"\u202e\u009b\u2028".repeat(10)}${"x".repeat(3_000)}`;
    refused = Array.from({ length: 5_000 }, () => new EndpointError("host-invalid", hostile, hostile));
    warnings = [{ since: 0, message: hostile }];
    const replies = [
      await heartbeat(HEARTBEAT),
      await heartbeat({ ...HEARTBEAT, [hostile]: 1 }),
      await heartbeat({ ...HEARTBEAT, servers: [{ [hostile]: 1 }] }),
      await heartbeat(`{${hostile}`),
      await ask(server, "GET", "/v1/agent/ready"),
      await ask(server, "GET", `/v1/${"%E2%80%AE".repeat(500)}`),
      await ask(server, "PUT", `/v1/pools/${"%E2%80%AE".repeat(30)}/heartbeat`, "{}"),
      await ask(server, "PUT", `/v1/pools/${"x".repeat(5_000)}/heartbeat`, "{}"),
      await ask(server, "GET", "/v1/agent/health", undefined, { host: "x".repeat(5_000) }),
    ];
    refused = [new EndpointError("host-missing", ":1", "expected a host")];
    warnings = [];
    assert.deepEqual(
      replies.map(({ status }) => status),
      [200, 400, 400, 400, 200, 404, 404, 414, 403],
    );
    const [list, ...others] = replies.map(({ body }) => JSON.stringify(body));
    assert.doesNotMatch(JSON.stringify(replies), /[\p{C}\u2028\u2029]/u);
    assert.ok((list?.length ?? 0) < 200_000, `${list?.length} characters`);
    assert.match(list ?? "", /"rejected_more":4900/);
    for (const other of others) {
      assert.ok(other.length < 1_000, other);
    }
  });

  test("refuses what is not JSON with 400, and more than 1 MiB with 413", async () => {
    assert.equal((await heartbeat("{")).status, 400);
    assert.equal((await heartbeat(`"${"x".repeat(1_100_000)}"`)).status, 413);
  });

  test("a pool that takes none, and one that there is not, are told apart", async () => {
    const quiet = await ask(server, "PUT", "/v1/pools/quiet/heartbeat", JSON.stringify(HEARTBEAT));
    assert.equal(quiet.status, 409);
    assert.match(JSON.stringify(quiet.body), /heartbeat: push/);
    const none = await ask(server, "PUT", "/v1/pools/none/heartbeat", JSON.stringify(HEARTBEAT));
    assert.match(JSON.stringify(none.body), /expected one of web, quiet/);
  });

  test("refuses a rebound host name and pages of other sites", async () => {
    assert.equal(
      (await ask(server, "GET", "/v1/agent/health", undefined, { host: "evil.example" })).status,
      403,
    );
    assert.equal((await heartbeat(HEARTBEAT, { origin: "http://evil.example" })).status, 403);
  });

  test("a pool named like a part of every object is none", async () => {
    for (const name of ["__proto__", "constructor", "toString"]) {
      assert.equal((await ask(server, "PUT", `/v1/pools/${name}/heartbeat`, "{}")).status, 404);
    }
  });

  test("with a token file, writes need the token, reads do not", async () => {
    assert.equal((await heartbeat(HEARTBEAT, {}, guarded)).status, 403);
    assert.equal((await heartbeat(HEARTBEAT, { authorization: "Bearer wrong!" }, guarded)).status, 403);
    assert.equal((await heartbeat(HEARTBEAT, { authorization: "Bearer secret" }, guarded)).status, 200);
    assert.equal((await ask(guarded, "GET", "/v1/agent/ready")).status, 200);
    writeFileSync(tokenFile, "rotated");
    assert.equal((await heartbeat(HEARTBEAT, { authorization: "Bearer rotated" }, guarded)).status, 200);
  });

  test("while the token file is gone the last token opens, and nothing else; a new one ends it", async () => {
    rmSync(tokenFile);
    assert.equal((await heartbeat(HEARTBEAT, { authorization: "Bearer rotated" }, guarded)).status, 200);
    for (const authorization of ["Bearer secret", "Bearer ", ""]) {
      assert.equal((await heartbeat(HEARTBEAT, { authorization }, guarded)).status, 403);
    }
    writeFileSync(tokenFile, "back");
    assert.equal((await heartbeat(HEARTBEAT, { authorization: "Bearer back" }, guarded)).status, 200);
    assert.equal((await heartbeat(HEARTBEAT, { authorization: "Bearer rotated" }, guarded)).status, 403);
  });

  test("a token file that never held a token opens to nobody", async () => {
    const closed = serverWith(join(directory, "absent"));
    await closed.start();
    for (const authorization of ["Bearer ", "Bearer undefined", ""]) {
      assert.equal((await heartbeat(HEARTBEAT, { authorization }, closed)).status, 403);
    }
    await closed.stop();
  });

  for (const [host, shown] of [
    ["127.0.0.1", "127.0.0.1"],
    ["::1", "[::1]"],
  ] as const) {
    test(`a port in use of ${host} is one line`, async () => {
      const listening = (port: number) => new HttpServer(httpOptions({ address: { host, port } }));
      const first = listening(0);
      await first.start();
      const { port = 0 } = first.address() ?? {};
      await assert.rejects(
        listening(port).start(),
        new HttpListenError(`http: ${shown}:${port}: address already in use`),
      );
      await first.stop();
    });
  }

  test("stops with a connection open", async () => {
    const stopping = serverWith();
    await stopping.start();
    const socket = connect(stopping.address()?.port ?? 0, "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await stopping.stop();
    await closed;
  });
});
