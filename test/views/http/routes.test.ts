import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { suite, type TestContext, test } from "node:test";
import { until } from "../../../scripts/lab/until.ts";
import { Journal } from "../../../src/core/journal.ts";
import { RpcProxy } from "../../../src/core/rpc-proxy.ts";
import { Timeline } from "../../../src/core/timeline/timeline.ts";
import { systemClock } from "../../../src/system-ports.ts";
import { type HttpOptions, HttpServer } from "../../../src/views/http/http-server.ts";
import { CONFIG, FakeLogger, fakePorts } from "../../support/fake-ports.ts";
import { ask, open } from "../../support/http-client.ts";
import { fakePool, httpOptions, unwatchedView } from "../../support/http-fixtures.ts";

const [A, B, C] = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"] as const;

/** Pools `nomad`, with three servers, and `web`, without; the server on a free port. */
async function serving(t: TestContext) {
  const logger = new FakeLogger();
  const timeline = new Timeline(1_000, logger);
  const journal = new Journal(systemClock, logger);
  timeline.follow(journal);
  const proxy = new RpcProxy({ ...fakePorts(), clock: systemClock }, CONFIG);
  for (const address of [A, B, C]) {
    await proxy.addPrimaryServer(address);
  }
  const web = new RpcProxy(fakePorts(), CONFIG);
  const state = { dns: "serving", looks: 0 };
  const view = () => {
    state.looks += 1;
    return unwatchedView("nomad", proxy);
  };
  const pools = new Map([
    ["nomad", fakePool("nomad", { proxy, view })],
    ["web", fakePool("web", { proxy: web, isReady: () => false, view: () => unwatchedView("web", web) })],
  ]);
  const readers = { now: 0, ever: 0 };
  const figures: { of: HttpOptions["figures"] } = { of: httpOptions().figures };
  const options = httpOptions({
    clock: systemClock,
    logger,
    timeline,
    pools,
    dnsState: () => state.dns,
    figures: (names) => figures.of(names),
    beginReading: () => {
      readers.now += 1;
      readers.ever += 1;
      return () => {
        readers.now -= 1;
      };
    },
  });
  const server = new HttpServer(options);
  await server.start();
  t.after(() => server.stop());
  const address = `127.0.0.1:${server.address()?.port ?? 0}`;
  const happen = (pool = "nomad") => {
    journal.of(pool)({ kind: "failback", server: A });
  };
  return { address, figures, readers, happen, journal, logger, proxy, server, state, timeline };
}

suite("conventions", () => {
  test("each reply has the index, the instance and no-store; GET changes nothing", async (t) => {
    const { address, happen, timeline } = await serving(t);
    happen();
    const { headers } = await ask(address, "/v1/agent/health");
    assert.equal(headers["x-headwaiter-index"], "1001");
    assert.equal(headers["x-headwaiter-instance"], "test");
    assert.equal(headers["cache-control"], "no-store");
    assert.equal(timeline.index, 1_001);
  });

  const refused: readonly [string, string, number, string, RegExp, string?][] = [
    ["GET", "/v1/pools?wiat=5s", 400, "bad-query", /wiat: expected one of index, wait/],
    ["GET", "/v1/pools/nomad?index=-1", 400, "bad-query", /index: "-1": expected a whole number/],
    ["GET", "/v1/pools/nomad?index=1&index=2", 400, "bad-query", /index: expected once/],
    ["GET", "/v1/pools/nomad?wait=soon", 400, "bad-query", /wait: "soon": expected a duration/],
    ["GET", "/v1/agent/health?x=1", 400, "bad-query", /x: expected no parameter/],
    ["GET", "/v1/agent/health?__proto__=1", 400, "bad-query", /__proto__: expected no parameter/],
    ["GET", "/v1/events?min_severity=fatal", 400, "bad-query", /min_severity.*info, warn, error/],
    ["GET", "/v1/events?follow=maybe", 400, "bad-query", /follow.*true or false/],
    ["GET", "/v1/events?after=yesterday", 400, "bad-query", /after: expected/],
    ["GET", "/v1/events?pool=none", 404, "unknown-pool", /no pool "none": expected one of nomad, web/],
    ["GET", "/v1/pools/none", 404, "unknown-pool", /none/],
    ["GET", "/v1/pools/none/explain", 404, "unknown-pool", /none/],
    ["GET", "/v1/pools/nomad/explain?if=rain", 400, "bad-query", /"rain": expected one of fails:KEY/],
    ["GET", "/v1/pools/nomad/explain?if=fails:9", 400, "bad-query", /key of a listed server/],
    ["GET", "/v1/agent/ready?pool=none", 404, "unknown-pool", /none/],
    ["GET", "/v1/history?pool=none", 404, "unknown-pool", /no pool "none": expected one of nomad, web/],
    ["GET", "/v1/history?since=1h", 400, "bad-query", /since: expected one of pool/],
    ["GET", "/v1/agent/servers", 400, "bad-query", /pool: expected one of nomad, web/],
    ["PUT", "/v1/agent/servers?pool=nomad", 400, "bad-query", /address: expected at least one/],
    ["GET", "/v1/nothing", 404, "unknown-route", /no such path/],
    ["POST", "/v1/pools/none/rebalance", 404, "unknown-pool", /none/],
    ["DELETE", "/v1/pools/nomad", 405, "method", /DELETE is not one of HEAD, GET/, "HEAD, GET"],
    ["GET", "/v1/pools/nomad/rebalance", 405, "method", /GET is not one of POST/, "POST"],
    ["PUT", "/v1/pools/web/heartbeat", 409, "takes-no-heartbeat", /heartbeat: push/],
  ];
  for (const [method, path, status, code, message, allow] of refused) {
    test(`${method} ${path} is ${status} ${code}`, async (t) => {
      const { address } = await serving(t);
      const reply = await ask(address, path, { method });
      const body = reply.json() as { error: string; code: string; details: object };
      assert.equal(reply.status, status);
      assert.equal(body.code, code);
      assert.match(body.error, message);
      assert.equal(typeof body.details, "object");
      assert.equal(reply.headers.allow, allow);
    });
  }

  test("a body that is no JSON is 415 not-json, a wrong host 403 host-refused, a foreign page 403 origin-refused", async (t) => {
    const { address } = await serving(t);
    const codeOf = async (asked: Parameters<typeof ask>[2]) => {
      const reply = await ask(address, "/v1/pools/web/heartbeat", { method: "PUT", ...asked });
      return [reply.status, (reply.json() as { code: string }).code];
    };
    assert.deepEqual(await codeOf({ body: "x", headers: { "content-type": "application/xml" } }), [
      415,
      "not-json",
    ]);
    assert.deepEqual(await codeOf({ body: "{", headers: {} }), [400, "bad-body"]);
    assert.deepEqual(await codeOf({ headers: { host: "evil.example" } }), [403, "host-refused"]);
    assert.deepEqual(await codeOf({ headers: { origin: "http://evil.example" } }), [403, "origin-refused"]);
  });

  test("the description has every route, and only those", async (t) => {
    const { address } = await serving(t);
    const { paths } = (await ask(address, "/v1/openapi.json")).json() as { paths: Record<string, object> };
    assert.deepEqual(
      Object.entries(paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method} ${path}`),
      ),
      [
        "get /v1/agent/health",
        "get /v1/agent/ready",
        "get /v1/agent/self",
        "get /v1/agent/status",
        "get /v1/pools",
        "get /v1/pools/{pool}",
        "get /v1/pools/{pool}/explain",
        "get /v1/agent/servers",
        "put /v1/agent/servers",
        "post /v1/pools/{pool}/rebalance",
        "get /v1/events",
        "get /v1/pools/{pool}/events",
        "put /v1/pools/{pool}/heartbeat",
        "post /v1/pools/{pool}/servers/{server}/failed",
        "post /v1/agent/reload",
        "get /v1/history",
        "get /v1/openapi.json",
      ],
    );
    for (const [path, methods] of Object.entries(paths)) {
      for (const method of path.includes("{server}") ? [] : Object.keys(methods)) {
        const { status } = await ask(address, path.replace("{pool}", "nomad"), {
          method: method.toUpperCase(),
        });
        assert.ok(![404, 405].includes(status), `${method} ${path}: ${status}`);
      }
    }
  });
});

suite("the agent's routes", () => {
  test("self tells an allow-list of keys", async (t) => {
    const { address } = await serving(t);
    const { config, dns, ...self } = (await ask(address, "/v1/agent/self")).json() as Record<string, unknown>;
    assert.deepEqual(Object.keys(self), [
      "version",
      "api",
      "instance",
      "started_at",
      "now_at",
      "pools",
      "features",
    ]);
    assert.deepEqual(config, {
      hash: "test",
      restart_hash: "test",
      loaded_at: "1970-01-01T00:00:01.000Z",
      files: [],
      restart_needed: [],
    });
    assert.deepEqual(dns, {
      state: "serving",
      addresses: ["127.0.0.1:8653"],
      domain: "headwaiter.internal",
      listener: "batched",
    });
  });

  test("status names what is wrong, worst first", async (t) => {
    const { address, state } = await serving(t);
    const status = async () =>
      (await ask(address, "/v1/agent/status")).json() as { state: string; problems: object[] };
    const noHead = { code: "no-head", pool: "web", since_at: null, text: "no server is listed" };
    assert.deepEqual(await status(), { state: "failing", problems: [noHead] });
    state.dns = "restarting";
    const dns = { code: "dns-not-serving", pool: null, since_at: null, text: "DNS is restarting" };
    assert.deepEqual(await status(), { state: "failing", problems: [dns, noHead] });
  });

  test("history has the figures of all pools, or of the one that is asked for", async (t) => {
    const { address, figures } = await serving(t);
    const values = [undefined, 0.04, 12.36];
    figures.of = (pools) => ({
      fromAt: 1_000,
      stepMs: 5_000,
      dnsQueries: values,
      pools: new Map(pools.map((name) => [name, new Map([[A, { server: "name:1", rttMs: values }]])])),
    });
    const shown = { servers: { [A]: { server: "name:1", rtt_ms: [null, 0, 12.4] } } };
    const all = {
      from_at: "1970-01-01T00:00:01.000Z",
      step_ms: 5_000,
      dns: { queries: [null, 0, 12.4] },
      pools: { nomad: shown, web: shown },
    };
    assert.deepEqual((await ask(address, "/v1/history")).json(), all);
    assert.deepEqual((await ask(address, "/v1/history?pool=web")).json(), { ...all, pools: { web: shown } });
  });

  test("ready looks at one pool when asked to", async (t) => {
    const { address } = await serving(t);
    const statuses = ["", "?pool=nomad", "?pool=web"].map(
      async (query) => (await ask(address, `/v1/agent/ready${query}`)).status,
    );
    assert.deepEqual(await Promise.all(statuses), [503, 200, 503]);
  });

  test("servers are listed, and added until the next heartbeat", async (t) => {
    const { address, proxy } = await serving(t);
    assert.deepEqual((await ask(address, "/v1/agent/servers?pool=nomad")).json(), [A, B, C]);
    const query = `pool=nomad&address=${A}&address=127.0.0.1:9&address=no-port:`;
    const { rejected, ...taken } = (
      await ask(address, `/v1/agent/servers?${query}`, { method: "PUT" })
    ).json() as { rejected: { code: string }[] };
    assert.deepEqual(taken, { added: ["127.0.0.1:9"], known: [A] });
    assert.deepEqual(rejected.map(({ code }) => code).length, 1);
    assert.ok(proxy.serverRpcAddrs().includes("127.0.0.1:9"));
  });

  test("a rebalance begins, and not again within ten seconds", async (t) => {
    const { address } = await serving(t);
    const begin = () => ask(address, "/v1/pools/nomad/rebalance", { method: "POST" });
    const first = await begin();
    assert.deepEqual([first.status, first.json()], [202, { rebalance: "begun" }]);
    const second = await begin();
    assert.equal(second.status, 429);
    assert.match(String(second.headers["retry-after"]), /^([1-9]|10)$/);
  });
});

suite("a pool", () => {
  test("is shown with its servers, of a long list with as many as are asked for", async (t) => {
    const { address, proxy } = await serving(t);
    const pool = (await ask(address, "/v1/pools/nomad")).json() as Record<string, unknown> & {
      servers: object[];
    };
    assert.deepEqual(Object.keys(pool), [
      "name",
      "on_demand",
      "idle",
      "index",
      "state",
      "state_since_at",
      "ready",
      "head_address",
      "revision",
      "head",
      "contact",
      "leader",
      "num_nodes",
      "counts",
      "servers",
      "servers_total",
      "servers_shown",
      "unlisted",
      "sources",
      "next",
    ]);
    assert.equal(pool["revision"], proxy.snapshot().revision);
    const [, second] = pool.servers as { changed_at: string }[];
    assert.ok(Math.abs(Date.parse(second?.changed_at ?? "") - Date.now()) < 60_000);
    assert.deepEqual(second, {
      changed_at: second?.changed_at,
      address: B,
      addresses: ["127.0.0.1"],
      position: 2,
      tier: "primary",
      claims: { api: "primary" },
      watch: null,
      down: null,
      penalty: null,
    });
    const few = (await ask(address, "/v1/pools/nomad?limit=1")).json() as Record<string, unknown>;
    assert.deepEqual([few["servers_shown"], few["servers_total"]], [1, 3]);
    const part = async (query: string) => {
      const { servers } = (await ask(address, `/v1/pools/nomad?${query}`)).json() as {
        servers: { position: number; address: string }[];
      };
      return servers.map((each) => [each.position, each.address]);
    };
    const answers = ["offset=1&limit=1", "offset=1", "offset=3"].map(part);
    assert.deepEqual(await Promise.all(answers), [
      [[2, B]],
      [
        [2, B],
        [3, C],
      ],
      [],
    ]);
    const { pools } = (await ask(address, "/v1/pools")).json() as {
      pools: { name: string; state: string }[];
    };
    assert.deepEqual(
      pools.map(({ name, state }) => [name, state]),
      [
        ["nomad", "live"],
        ["web", "empty"],
      ],
    );
  });

  test("is read when there is news of it, and of no other pool; at once from a foreign index; after the wait", async (t) => {
    const { address, readers, happen, timeline } = await serving(t);
    happen();
    let isAnswered = false;
    const waiting = ask(address, "/v1/pools/nomad?index=1001&wait=1m").then((reply) => {
      isAnswered = true;
      return reply;
    });
    await until(() => timeline.readers === 1);
    assert.deepEqual(readers, { now: 1, ever: 1 });
    happen("web");
    const at = performance.now();
    assert.equal(
      (await ask(address, "/v1/pools/nomad?index=1001&wait=50ms")).headers["x-headwaiter-index"],
      "1001",
    );
    assert.ok(performance.now() - at >= 45);
    assert.equal(isAnswered, false);
    happen();
    const { headers } = await waiting;
    assert.equal(headers["x-headwaiter-index"], "1003");
    assert.equal((await ask(address, "/v1/pools/nomad?index=1002&wait=1m")).status, 200);
    assert.equal((await ask(address, "/v1/pools/nomad?index=99999&wait=1m")).status, 200);
    await until(() => timeline.readers === 0);
    assert.equal(readers.now, 0);
  });

  test("is waited for by 64 readers; one more is told so, and a reader that leaves makes room", async (t) => {
    const { address, happen, timeline } = await serving(t);
    const readers = Array.from({ length: 64 }, () => ask(address, "/v1/pools/nomad?index=1000&wait=1m"));
    await until(() => timeline.readers === 64);
    const refused = await ask(address, "/v1/pools/nomad?index=1000&wait=1m");
    assert.deepEqual([refused.status, (refused.json() as { code: string }).code], [503, "too-many-waiters"]);
    happen();
    const replies = await Promise.all(readers);
    assert.ok(replies.every(({ status }) => status === 200));
    await until(() => timeline.readers === 0);
  });

  test("is looked at once for 8 who wait and ask the same, and each is told what it asked for", async (t) => {
    const { address, happen, state, timeline } = await serving(t);
    const questions = [
      ["/v1/pools?"],
      ["/v1/pools/nomad?"],
      ["/v1/pools/nomad?limit=1&"],
      ["/v1/pools/nomad?limit=1&offset=1&"],
      ["/v1/pools/nomad/explain?"],
      ["/v1/pools/nomad/explain?", "text/plain"],
      ["/v1/pools/nomad/explain?if=consul-empty&"],
    ] as const;
    const waits = [...questions, questions[1]].map(([question, accept = "*/*"]) =>
      ask(address, `${question}index=1000&wait=1m`, { headers: { accept } }),
    );
    await until(() => timeline.readers === 8);
    assert.equal(state.looks, 0);
    happen();
    const texts = (await Promise.all(waits)).map(({ text }) => text);
    assert.equal(new Set(texts).size, questions.length);
    assert.equal(texts.at(-1), texts[1]);
    assert.equal(state.looks, questions.length);
    await ask(address, "/v1/pools/nomad");
    assert.equal(state.looks, questions.length + 1);
  });
});

test("a reader that leaves is waited for no more", async (t) => {
  const { address, timeline } = await serving(t);
  const socket = connect(Number(address.split(":")[1]), "127.0.0.1");
  socket.write("GET /v1/pools?index=1000 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
  await until(() => timeline.readers === 1);
  socket.destroy();
  await until(() => timeline.readers === 0);
});

suite("events", () => {
  test("are an array that says how far back it reaches", async (t) => {
    const { address, happen, journal } = await serving(t);
    happen();
    happen("web");
    journal.note({ kind: "clock-jumped", byMs: 5 });
    const kinds = async (query: string) => {
      const events = (await ask(address, `/v1/events${query}`)).json() as { index: number; kind: string }[];
      return events.map(({ index, kind }) => `${index} ${kind}`);
    };
    assert.deepEqual(await kinds(""), ["1001 failback", "1002 failback", "1003 clock-jumped"]);
    assert.deepEqual(await kinds("?after=1002"), ["1003 clock-jumped"]);
    assert.deepEqual(await kinds("?after=now"), []);
    assert.deepEqual(await kinds("?pool=web"), ["1002 failback"]);
    assert.deepEqual(await kinds("?min_severity=warn"), ["1003 clock-jumped"]);
    assert.deepEqual(await kinds("?kind=clock-jumped&kind=x"), ["1003 clock-jumped"]);
    assert.deepEqual(((await ask(address, "/v1/events?after=7")).json() as object[])[0], {
      kind: "gap",
      after: 7,
      oldest: 1_001,
      lost: null,
    });
    const { headers } = await ask(address, "/v1/pools/web/events");
    assert.equal(headers["x-headwaiter-oldest-index"], "1001");
    assert.equal(headers["x-headwaiter-dropped"], "0");
  });

  test("are a stream of lines that follows, or ends", async (t) => {
    const { address, happen, timeline } = await serving(t);
    happen();
    const ndjson = { headers: { accept: "application/x-ndjson" } };
    const held = await ask(address, "/v1/events?follow=false", ndjson);
    assert.equal(held.headers["content-type"], "application/x-ndjson");
    assert.equal(held.text.trimEnd().split("\n").length, 1);
    const response = await open(address, "/v1/events", ndjson);
    let text = "";
    response.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    await until(() => timeline.readers === 1);
    happen("web");
    await until(() => text.trimEnd().split("\n").length === 2);
    assert.deepEqual(
      text
        .trimEnd()
        .split("\n")
        .map((line) => (JSON.parse(line) as { index: number }).index),
      [1_001, 1_002],
    );
    response.destroy();
    await until(() => timeline.readers === 0);
  });

  test("are server-sent events with ids, from the last id on, which wins over the query", async (t) => {
    const { address, happen } = await serving(t);
    happen();
    happen();
    const { headers, text } = await ask(address, "/v1/events?follow=false&after=0", {
      headers: { accept: "text/event-stream", "last-event-id": "1001" },
    });
    assert.equal(headers["content-type"], "text/event-stream");
    assert.match(text, /^retry: 2000\n\nid: 1002\nevent: failback\ndata: \{"index":1002,.*\}\n\n$/);
  });

  test("are all given to who reads, also when more are kept than a reader may leave unread", async (t) => {
    const { address, journal } = await serving(t);
    for (let nth = 0; nth < 1_024; nth++) {
      journal.of("nomad")({ kind: "failback", server: `${nth}-${"x".repeat(300)}` });
    }
    const reading = await open(address, "/v1/events", { headers: { accept: "application/x-ndjson" } });
    let text = "";
    reading.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    const ended = once(reading, "close").then(() => "cut");
    const all = until(() => text.split("\n").length === 1_025).then(() => "read");
    assert.equal(await Promise.race([all, ended]), "read");
    assert.ok(text.length > 400_000, `${text.length} characters`);
    reading.destroy();
  });

  test("have 32 streams, each with a reader; one more is told so", async (t) => {
    const { address, readers, timeline } = await serving(t);
    const ndjson = { headers: { accept: "application/x-ndjson" } };
    const streams = await Promise.all(Array.from({ length: 32 }, () => open(address, "/v1/events", ndjson)));
    const refused = await ask(address, "/v1/events", ndjson);
    assert.deepEqual([refused.status, (refused.json() as { code: string }).code], [503, "too-many-waiters"]);
    assert.deepEqual(readers, { now: 32, ever: 32 });
    for (const stream of streams) {
      stream.destroy();
    }
    await until(() => timeline.readers === 0 && readers.now === 0);
  });

  test("are cut for a reader that does not read, and for nobody else", async (t) => {
    const { address, journal, timeline } = await serving(t);
    const ndjson = { headers: { accept: "application/x-ndjson" } };
    const [reading, silent] = [
      await open(address, "/v1/events", ndjson),
      await open(address, "/v1/events", ndjson),
    ];
    let bytes = 0;
    reading.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    let sent = 0;
    const server = "x".repeat(10_000);
    while (timeline.readers > 1 && sent < 100_000_000) {
      for (let i = 0; i < 5; i += 1) {
        journal.of("nomad")({ kind: "failback", server });
        sent += timeline.events().at(-1)?.json.length ?? 0;
      }
      await until(() => bytes > sent - 100_000);
    }
    assert.equal(timeline.readers, 1);
    silent.destroy();
    reading.destroy();
    await until(() => timeline.readers === 0);
  });
});
