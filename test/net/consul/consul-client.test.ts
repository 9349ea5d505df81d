import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { inspect } from "node:util";
import type { CatalogQuery } from "../../../src/net/consul/catalog.ts";
import { parseConsulAddress } from "../../../src/net/consul/consul-address.ts";
import { ConsulClient } from "../../../src/net/consul/consul-client.ts";
import { ConsulError } from "../../../src/net/consul/consul-error.ts";
import { DEFAULT_CONSUL_WATCH } from "../../../src/sources/consul/watch-config.ts";
import { ConsulDriver } from "../../support/consul-driver.ts";
import { ScriptedConsul } from "../../support/scripted-consul.ts";
import { ScriptedFlood } from "../../support/scripted-flood.ts";
import { ScriptedHttpProxy } from "../../support/scripted-http-proxy.ts";
import { ScriptedTcpProxy } from "../../support/scripted-tcp-proxy.ts";
import { WatchedPool } from "../../support/watched-pool.ts";

const SECRET = "6f1d2c3b-0000-4000-8000-5ec5e7000001";

function query(change: Partial<CatalogQuery> = {}): CatalogQuery {
  const selection = { ...DEFAULT_CONSUL_WATCH, service: "web" };
  return {
    selection,
    index: 0,
    waitMs: 1_000,
    deadlineMs: 2_000,
    signal: new AbortController().signal,
    ...change,
  };
}

function rejectsWith(code: string, message = /./) {
  return (error: unknown) => {
    assert.ok(error instanceof ConsulError, inspect(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };
}

suite("the address of Consul", () => {
  const good: [text: string, parsed: object][] = [
    ["http://127.0.0.1:8500", { kind: "http", baseUrl: "http://127.0.0.1:8500/v1", host: "127.0.0.1" }],
    ["127.0.0.1:8500", { kind: "http", baseUrl: "http://127.0.0.1:8500/v1", host: "127.0.0.1" }],
    ["consul.example", { kind: "http", baseUrl: "http://consul.example:80/v1", host: "consul.example" }],
    ["https://[::1]:8501/", { kind: "https", baseUrl: "https://[::1]:8501/v1", host: "::1" }],
    ["http://proxy:80/consul/", { kind: "http", baseUrl: "http://proxy:80/consul/v1", host: "proxy" }],
    ["unix:///run/consul.sock", { kind: "unix", path: "/run/consul.sock" }],
  ];
  for (const [text, parsed] of good) {
    test(text, () => {
      assert.deepEqual(parseConsulAddress(text), parsed);
    });
  }
  const bad = [
    "",
    "http://",
    "ftp://host",
    "unix://relative",
    "http://host:99999",
    "http://user:password@host:1",
  ];
  for (const text of bad) {
    test(`${JSON.stringify(text)} is refused with what was expected, and without a password`, () => {
      assert.throws(
        () => parseConsulAddress(text),
        (error) => {
          rejectsWith("address", /expected/)(error);
          assert.doesNotMatch(inspect(error), /password@/);
          return true;
        },
      );
    });
  }
});

suite("a client", () => {
  let consul: ScriptedConsul;
  let directory: string;
  before(async () => {
    consul = await new ScriptedConsul().listen();
    await new ConsulDriver(consul.address).register({ id: "one", port: 4001 });
    directory = await mkdtemp(join(tmpdir(), "headwaiter-client-"));
  });
  after(async () => {
    await consul.close();
    await rm(directory, { recursive: true });
  });

  async function ask(
    options: ConstructorParameters<typeof ConsulClient>[0],
    change: Partial<CatalogQuery> = {},
  ) {
    const client = new ConsulClient(options);
    try {
      return await client.instances(query(change));
    } finally {
      await client.close();
    }
  }

  test("asks for what is selected", async () => {
    const selection = { ...DEFAULT_CONSUL_WATCH, service: "a b", tag: "rpc", filter: 'Service.Port != "0"' };
    await ask({ address: consul.address }, { selection, index: 7, waitMs: 25, datacenter: "dc9" });
    const url = new URL(consul.requests.at(-1)?.url.slice("GET ".length) ?? "", consul.address);
    assert.equal(url.pathname, "/v1/health/service/a%20b");
    assert.deepEqual(Object.fromEntries(url.searchParams), {
      tag: "rpc",
      passing: "true",
      stale: "1",
      near: "_agent",
      filter: 'Service.Port != "0"',
      dc: "dc9",
      index: "7",
      wait: "25ms",
    });
  });

  test("reaches Consul at an IPv6 address", async (t) => {
    const six = await ScriptedConsul.start(t, { host: "::1" });
    assert.deepEqual((await ask({ address: `http://[::1]:${six.port}` })).instances, []);
  });

  test("reaches Consul at a unix socket, and says unreachable when there is none", async (t) => {
    const path = join(directory, "consul.sock");
    await assert.rejects(ask({ address: `unix://${path}` }), rejectsWith("unreachable"));
    const local = await ScriptedConsul.start(t, { path });
    assert.deepEqual((await ask({ address: `unix://${path}` })).instances, []);
    assert.equal(local.requests.length, 1);
  });

  test("ends a query at once when its signal aborts, before and during", async () => {
    const client = new ConsulClient({ address: consul.address });
    const { index } = await client.instances(query());
    await assert.rejects(client.instances(query({ signal: AbortSignal.abort() })), rejectsWith("aborted"));
    const abort = new AbortController();
    const waiting = client.instances(
      query({ index: index ?? 1, waitMs: 60_000, deadlineMs: 70_000, signal: abort.signal }),
    );
    setImmediate(() => {
      abort.abort();
    });
    await assert.rejects(waiting, rejectsWith("aborted"));
    await client.close();
  });

  test("notices a body that is cut long before the deadline", async (t) => {
    const proxy = await ScriptedTcpProxy.start(t, consul.address);
    await proxy.fail({ kind: "cut", afterBytes: 200 });
    const startedAt = performance.now();
    await assert.rejects(ask({ address: proxy.address }, { deadlineMs: 60_000 }), rejectsWith("cut-body"));
    assert.ok(performance.now() - startedAt < 30_000);
  });

  test("reads a token file anew for each request, and keeps the last token through a rotation", async () => {
    const tokenFile = join(directory, "token");
    const client = new ConsulClient({ address: consul.address, tokenFile });
    const sent = async () => {
      await client.instances(query());
      return consul.requests.at(-1)?.token;
    };
    await assert.rejects(sent(), rejectsWith("token-file", /token file ".*" can't be read/));
    await writeFile(tokenFile, "");
    await assert.rejects(sent(), rejectsWith("token-file", /is empty/));
    await writeFile(tokenFile, "first\n");
    assert.equal(await sent(), "first");
    await writeFile(tokenFile, "");
    assert.equal(await sent(), "first");
    await rm(tokenFile);
    assert.equal(await sent(), "first");
    await writeFile(tokenFile, "second");
    assert.equal(await sent(), "second");
    await client.close();
  });

  test("names a TLS file that can't be used", async () => {
    const caFile = join(directory, "ca.pem");
    const address = "https://127.0.0.1:1";
    await assert.rejects(ask({ address, caFile }), rejectsWith("tls-file", /ca\.pem/));
    await writeFile(caFile, "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
    await assert.rejects(ask({ address, caFile }), rejectsWith("tls-file", /ca\.pem: expected PEM/));
  });

  test("says what was wrong with an answer that is not Consul's", async (t) => {
    const proxy = await ScriptedHttpProxy.start(t, consul.address);
    proxy.script = () => ({ status: 200, type: "application/json", body: '[{"name":"a"}]' });
    await assert.rejects(ask({ address: proxy.address }), rejectsWith("schema", /no entry has an ID/));
    proxy.script = () => ({ status: 200, type: "application/json", body: '{"Nodes":[]}' });
    await assert.rejects(
      ask({ address: proxy.address }),
      rejectsWith("schema", /expected a list, got .* "{"Nodes"/),
    );
    proxy.script = () => ({ status: 200, type: "text/html", body: "<html>sign in please</html>" });
    await assert.rejects(ask({ address: proxy.address }), rejectsWith("not-json", /<html>sign in/));
  });

  test("says why Consul refuses, also to a registration", async (t) => {
    const proxy = await ScriptedHttpProxy.start(t, consul.address);
    proxy.script = () => ({
      status: 403,
      type: "text/plain",
      body: "Permission denied: lacks service:write",
    });
    await using client = new ConsulClient({ address: proxy.address });
    const service = { id: "a", name: "a", address: "127.0.0.1", port: 1, meta: {}, checks: [] };
    const limits = { deadlineMs: 2_000, signal: new AbortController().signal };
    const refusal = rejectsWith("http-403", /^Consul answers 403: Permission denied: lacks service:write$/);
    await assert.rejects(client.registerService(service, limits), refusal);
    await assert.rejects(client.reportCheck("a:alive", { passing: true, note: "" }, limits), refusal);
    await assert.rejects(client.deregisterService("a", limits), refusal);
    await assert.rejects(client.datacenters(limits), refusal);
    proxy.script = () => ({ status: 301, type: "text/html", body: "" });
    await assert.rejects(client.datacenters(limits), rejectsWith("http-3xx", /301: moved permanently/));
  });

  test("leaves an index out that is no number", async (t) => {
    const proxy = await ScriptedHttpProxy.start(t, consul.address);
    for (const index of ["", "-1", "x", "99999999999999999999"]) {
      proxy.script = () => ({ status: 200, index, type: "application/json", body: "[]" });
      assert.equal((await ask({ address: proxy.address })).index, undefined);
    }
  });

  test("shows the token in no error and no log line, whatever fails", async (t) => {
    const proxy = await ScriptedHttpProxy.start(t, consul.address);
    const replies = [
      { status: 403, type: "text/plain", body: `token ${SECRET} lacks permission` },
      { status: 500, type: "text/plain", body: SECRET },
      { status: 200, type: "text/html", body: `<p>${SECRET}` },
      { status: 200, type: "application/json", body: `[{"${SECRET}":1}]` },
    ];
    for (const reply of replies) {
      proxy.script = () => reply;
      const options = { address: proxy.address, token: SECRET };
      const error: unknown = await ask(options).catch((failure: unknown) => failure);
      assert.ok(error instanceof ConsulError);
      const causeStack = error.cause instanceof Error ? error.cause.stack : undefined;
      assert.doesNotMatch(`${error.stack ?? ""} ${causeStack ?? ""}`, new RegExp(SECRET));
      assert.doesNotMatch(inspect(error, { depth: 20, showHidden: true }), new RegExp(SECRET), reply.body);
      await using pool = new WatchedPool(options, { service: "web" });
      await pool.fails(error.code);
      assert.doesNotMatch(
        inspect([pool.logger.lines, pool.watcher.status()], { depth: 20 }),
        new RegExp(SECRET),
      );
    }
  });

  test("refuses a token file that can't hold a token with the place, and does not show it", async () => {
    const tokenFile = join(directory, "words");
    await writeFile(tokenFile, `${SECRET} ${SECRET}\n`);
    await using client = new ConsulClient({ address: consul.address, tokenFile });
    await assert.rejects(client.instances(query()), (error) => {
      assert.match(String(error), /token file ".*words" can't be a token: byte \d+ is white space/);
      return !String(error).includes(SECRET);
    });
  });

  test("given other options goes where they say, with a new connection; the same ones change nothing", async (t) => {
    const proxies = [
      await ScriptedTcpProxy.start(t, consul.address),
      await ScriptedTcpProxy.start(t, consul.address),
    ];
    const [first = assert.fail(), second = assert.fail()] = proxies;
    await using client = new ConsulClient({ address: first.address });
    await client.instances(query());
    client.prepare({ address: first.address })();
    await client.instances(query());
    const swap = client.prepare({ address: second.address });
    await client.instances(query());
    assert.deepEqual(
      proxies.map(({ accepted }) => accepted),
      [1, 0],
    );
    swap();
    await client.instances(query());
    assert.deepEqual(
      proxies.map(({ accepted }) => accepted),
      [1, 1],
    );
  });

  test("hears whether Consul hid entries", async (t) => {
    for (const [value, filtered] of [
      ["true", true],
      ["false", false],
    ] as const) {
      const headers = { "x-consul-results-filtered-by-acls": value };
      const filtering = await ScriptedFlood.start(t, {
        piece: Buffer.from("[]"),
        bytes: 2,
        headers,
      });
      await using client = new ConsulClient({ address: filtering.address });
      assert.equal((await client.instances(query())).filteredByAcl, filtered);
    }
  });
});
