/** Other settings for an agent that runs: each key that counts at once does, each mistake changes nothing. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { decode, encode, type Packet, type RecordType } from "dns-packet";
import { until } from "../../scripts/lab/until.ts";
import { startedAgent } from "../support/agent-in-process.ts";
import { issue, makeAuthority } from "../support/certificates.ts";
import { ConsulDriver } from "../support/consul-driver.ts";
import { ask } from "../support/http-client.ts";
import { ScriptedConsul } from "../support/scripted-consul.ts";
import { a, reply, ScriptedNameserver, zoneScript } from "../support/scripted-nameserver.ts";
import { scriptedServer } from "../support/scripted-server.ts";
import { askAnyUdp } from "../views/dns/dns-client.ts";

interface Pool {
  readonly head: { readonly address: string; readonly since_at: string } | null;
  readonly revision: number;
  readonly servers: readonly { readonly address: string; readonly tier: string }[];
  readonly sources: Readonly<Record<string, { readonly state: string } | null>>;
  readonly next: readonly { readonly code: string; readonly at: string }[];
}

interface Report {
  readonly applied: readonly string[];
  readonly unchanged: number;
  readonly needs_restart: readonly string[];
  readonly pools: { readonly added: string[]; readonly removed: string[]; readonly changed: string[] };
}

const PATIENCE_MS = 10_000;
const DOMAIN = "headwaiter.internal";

/** Reads what it is sent: unread, it would keep the server's end of a closed connection open. */
const reads = (server: { resume: () => unknown }) => void server.resume();

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), "headwaiter-reload-"));
  t.after(() => {
    rmSync(made, { recursive: true });
  });
  return made;
}

/** An agent with a pool `web` of two servers that answer, unless the values say otherwise. */
async function running(t: TestContext, values: Record<string, unknown> = {}) {
  const servers = [await scriptedServer(t, reads), await scriptedServer(t, reads)];
  const web = { servers: servers.map(({ address }) => address), ping: "tcp", backups: null };
  const before = { pools: { web }, ...values };
  const started = await startedAgent(t, before);
  const { http, write } = started;
  await until(() => servers.every(({ sockets }) => "pools" in values || sockets.size === 1));
  const post = async (query = "") => await ask(http, `/v1/agent/reload${query}`, { method: "POST" });
  return {
    ...started,
    web,
    before,
    servers,
    post,
    reload: async (after: Record<string, unknown>): Promise<Report> => {
      write({ ...before, ...after });
      const reply = await post();
      assert.equal(reply.status, 200, reply.text);
      return reply.json() as Report;
    },
    pool: async (name = "web") => (await ask(http, `/v1/pools/${name}`)).json() as Pool,
    self: async () =>
      (await ask(http, "/v1/agent/self")).json() as {
        config: { hash: string; restart_hash: string; loaded_at: string; restart_needed: string[] };
      },
    status: async () =>
      (await ask(http, "/v1/agent/status")).json() as { problems: { code: string; text: string }[] },
    events: async (kind: string) =>
      (await ask(http, `/v1/events?kind=${kind}`)).json() as readonly Record<string, unknown>[],
    /** What DNS says of this name. */
    answer: async (
      name: string,
      type: RecordType,
      domain = DOMAIN,
    ): Promise<Packet & { readonly rcode: string }> => {
      const query = encode({ type: "query", id: 7, questions: [{ type, name: `${name}${domain}` }] });
      const reply = (await askAnyUdp(started.dns, query, PATIENCE_MS)) ?? assert.fail("no answer");
      return decode(reply) as Packet as Packet & { readonly rcode: string };
    },
  };
}

function ttlOf(section: Packet["answers"]): number | undefined {
  const [record] = section ?? [];
  return record !== undefined && "ttl" in record ? record.ttl : undefined;
}

suite("a key that counts from a reload on", () => {
  test("dns.ttl, dns.negative_ttl", async (t) => {
    const { answer, reload } = await running(t);
    assert.equal(ttlOf((await answer("_web._tcp.", "SRV")).answers), 0);
    assert.equal(ttlOf((await answer("absent.", "A")).authorities), 1);
    const { applied, needs_restart, pools } = await reload({ dns: { ttl: "7s", negative_ttl: "9s" } });
    assert.deepEqual(applied, ["dns.ttl", "dns.negative_ttl"]);
    assert.deepEqual(
      { needs_restart, pools },
      { needs_restart: [], pools: { added: [], removed: [], changed: [] } },
    );
    await until(async () => ttlOf((await answer("_web._tcp.", "SRV")).answers) === 7);
    assert.equal(ttlOf((await answer("absent.", "A")).authorities), 9);
  });

  test("dns.consul_names, dns.consul_domain", async (t) => {
    const { answer, reload } = await running(t);
    assert.equal((await answer("service.", "A", "consul")).rcode, "REFUSED");
    const dns = { consul_names: "head", consul_domain: "consul.example" };
    assert.deepEqual((await reload({ dns })).applied, ["dns.consul_names", "dns.consul_domain"]);
    await until(async () => (await answer("service.", "A", "consul.example")).rcode === "NOERROR");
    assert.equal((await answer("service.", "A", "consul")).rcode, "REFUSED");
  });

  test("dns.consul_address", async (t) => {
    const consul = await ScriptedNameserver.start((asked, send) => {
      send(reply(asked, { rcode: 5 }));
    });
    t.after(() => consul.stop());
    const { answer, reload } = await running(t);
    const dns = { consul_names: "all", consul_address: consul.text };
    assert.deepEqual((await reload({ dns })).applied, ["dns.consul_names", "dns.consul_address"]);
    await until(async () => {
      await answer("a.node.", "A", "consul");
      return consul.asked.length > 0;
    });
    assert.equal(consul.asked[0]?.name, "a.node.consul");
  });

  test("dns.nameservers", async (t) => {
    const zone = await ScriptedNameserver.start(
      zoneScript({ "web.example": [a("web.example", "127.0.0.1")] }),
    );
    t.after(() => zone.stop());
    const silent = await ScriptedNameserver.start(() => undefined);
    t.after(() => silent.stop());
    const { before, reload, pool } = await running(t, {
      dns: { nameservers: [`${silent.address}:${silent.port}`] },
    });
    const named = { servers: ["web.example:1"], ping: "none", backups: null };
    const { applied } = await reload({
      dns: { nameservers: [`${zone.address}:${zone.port}`] },
      pools: { ...before.pools, named },
    });
    assert.deepEqual(applied, ["dns.nameservers", "pools.named"]);
    await until(async () => (await pool("named")).head?.address === "web.example:1");
    assert.equal(silent.asked.length, 0);
  });

  test("http.token_file, when it holds a token", async (t) => {
    const token_file = join(folder(t), "token");
    const { http, post, reload, write, before } = await running(t);
    const rebalance = () => ask(http, "/v1/pools/web/rebalance", { method: "POST" });
    write({ ...before, http: { token_file } });
    const refused = await post();
    assert.equal(refused.status, 422);
    assert.match(
      refused.text,
      /http\.token_file: .*expected a file with a token: it can't be read: no such file/,
    );
    assert.equal((await rebalance()).status, 202);
    writeFileSync(token_file, "secret");
    assert.deepEqual((await reload({ http: { token_file } })).applied, ["http.token_file"]);
    assert.equal((await rebalance()).status, 403);
    assert.equal((await post()).status, 403);
    const headers = { authorization: "Bearer secret" };
    write(before);
    assert.equal((await ask(http, "/v1/agent/reload", { method: "POST", headers })).status, 200);
    assert.equal((await rebalance()).status, 429);
  });

  test("pools.X.servers: others join and leave, the head stays", async (t) => {
    const { pool, reload, servers, web } = await running(t);
    const head = (await pool()).head;
    const other = await scriptedServer(t, reads);
    const kept = servers.find(({ address }) => address === head?.address) ?? assert.fail();
    const report = await reload({ pools: { web: { ...web, servers: [other.address, kept.address] } } });
    assert.deepEqual(report.applied, ["pools.web.servers"]);
    assert.deepEqual(report.pools.changed, ["web"]);
    const after = await pool();
    assert.deepEqual(after.head, head);
    assert.deepEqual(
      after.servers.map(({ address }) => address),
      [kept.address, other.address],
    );
    assert.equal(kept.accepted(), 1);
  });

  test("pools.X.health and .rebalance: connections stay", async (t) => {
    const { agent, pool, reload, servers, web } = await running(t);
    const due = async () => (await pool()).next.find(({ code }) => code === "rebalance")?.at ?? "";
    const before = Date.parse(await due());
    const changed = { health: { timeout: "2s" }, rebalance: { min_reuse: "10h", jitter: "1s" } };
    const { applied } = await reload({ pools: { web: { ...web, ...changed } } });
    assert.deepEqual(applied, [
      "pools.web.health.timeout",
      "pools.web.rebalance.min_reuse",
      "pools.web.rebalance.jitter",
    ]);
    assert.ok(Date.parse(await due()) > before + 3_600_000);
    assert.deepEqual(
      servers.map(({ accepted }) => accepted()),
      [1, 1],
    );
    assert.ok(agent.heads().get("web"));
  });

  test("pools.X.heartbeat, .ping, .backups: head and list stay", async (t) => {
    const consul = await ScriptedConsul.start(t);
    const { http, pool, reload, web } = await running(t, { consul: { address: consul.address } });
    const before = await pool();
    const push = () => {
      const servers = [{ address: before.head?.address ?? "" }];
      const body = JSON.stringify({ servers, num_nodes: 1, leader: "", ttl_seconds: 60 });
      return ask(http, "/v1/pools/web/heartbeat", { method: "PUT", body });
    };
    assert.equal((await push()).status, 409);
    await reload({ pools: { web: { ...web, heartbeat: "push", backups: { service: "web" } } } });
    await until(() => consul.requests.some(({ url }) => url.includes("/health/service/web")));
    const after = await pool();
    assert.deepEqual([after.head, after.revision], [before.head, before.revision]);
    assert.equal((await push()).status, 200);
    await reload({ pools: { web: { ...web, ping: "none" } } });
    assert.deepEqual((await pool()).head, before.head);
    assert.equal((await push()).status, 409);
    assert.equal((await pool()).sources["consul"] ?? null, null);
  });

  test("pools.X.ping: an outage that nobody looks at any more has ended", async (t) => {
    const web = { servers: ["127.0.0.1:9"], ping: "tcp", backups: null };
    const { events, reload } = await running(t, { pools: { web } });
    await until(async () => (await events("outage-began")).length === 1);
    await reload({ pools: { web: { ...web, ping: "none" } } });
    assert.deepEqual(
      (await events("outage-ended")).map(({ server }) => server),
      [null],
    );
  });

  test("a pool that is added has no head yet, one that is removed is not there", async (t) => {
    const { answer, events, http, pool, reload, servers, web } = await running(t);
    assert.equal((await answer("_late._tcp.", "SRV")).rcode, "NXDOMAIN");
    const late = { heartbeat: "push", ping: "none", backups: null };
    const index = Number((await ask(http, "/v1/pools/web")).headers["x-headwaiter-index"]);
    const blocked = ask(http, `/v1/pools/web?index=${index}&wait=30s`);
    const report = await reload({ pools: { late } });
    assert.deepEqual(report.pools, { added: ["late"], removed: ["web"], changed: [] });
    assert.equal((await blocked).status, 404);
    await until(async () => (await answer("_web._tcp.", "SRV")).rcode === "NXDOMAIN");
    assert.equal((await answer("_late._tcp.", "SRV")).rcode, "SERVFAIL");
    assert.equal((await ask(http, "/v1/pools/web")).status, 404);
    await until(() => servers.every(({ sockets }) => sockets.size === 0));
    assert.deepEqual(
      (await events("pool-added")).map(({ pool: name }) => name),
      ["late"],
    );
    assert.deepEqual(
      (await events("pool-removed")).map(({ pool: name }) => name),
      ["web"],
    );
    await reload({ pools: { web } });
    await until(async () => (await pool()).head !== null);
  });

  test("consul.address: the other Consul is asked from the beginning, lists stay", async (t) => {
    const [first, second] = [await ScriptedConsul.start(t), await ScriptedConsul.start(t)];
    await new ConsulDriver(first.address).register({ id: "one", port: 1001 });
    const pools = { web: { ping: "none" } };
    const { pool, reload } = await running(t, { pools, consul: { address: first.address } });
    await until(async () => (await pool()).head?.address === "127.0.0.1:1001");
    const { applied, pools: changes } = await reload({ consul: { address: second.address } });
    assert.deepEqual(applied, ["consul.address"]);
    assert.deepEqual(changes.changed, ["web"]);
    await until(() => second.requests.length > 0);
    assert.doesNotMatch(second.requests[0]?.url ?? "", /index=/);
    assert.equal((await pool()).head?.address, "127.0.0.1:1001");
    await new ConsulDriver(second.address).register({ id: "two", port: 1002 });
    await until(async () => (await pool()).head?.address === "127.0.0.1:1002");
    assert.equal((await pool()).servers.length, 1);
  });

  test("consul.register: the agent comes, moves and goes", async (t) => {
    const [first, second] = [await ScriptedConsul.start(t), await ScriptedConsul.start(t)];
    const { reload } = await running(t, { consul: { address: first.address } });
    const isRegistered = async ({ address }: ScriptedConsul) =>
      ((await new ConsulDriver(address).get("catalog/service/headwaiter")) as object[]).length === 1;
    assert.equal(await isRegistered(first), false);
    await reload({ consul: { address: first.address, register: true } });
    await until(() => isRegistered(first));
    await reload({ consul: { address: second.address, register: true } });
    await until(() => isRegistered(second));
    await until(async () => !(await isRegistered(first)));
    await reload({ consul: { address: second.address } });
    await until(async () => !(await isRegistered(second)));
  });

  test("datacenter: tiers follow from the next heartbeat, nothing is dropped before", async (t) => {
    const pools = { web: { heartbeat: "push", ping: "none", backups: null } };
    const { http, pool, reload } = await running(t, { pools });
    const push = () => {
      const servers = [
        { address: "10.0.0.1:1", datacenter: "dc1" },
        { address: "10.0.0.2:1", datacenter: "dc2" },
      ];
      const body = JSON.stringify({ servers, num_nodes: 1, leader: "10.0.0.1:1", ttl_seconds: 60 });
      return ask(http, "/v1/pools/web/heartbeat", { method: "PUT", body });
    };
    const tiers = async () =>
      Object.fromEntries((await pool()).servers.map(({ address, tier }) => [address, tier]));
    await push();
    const before = { "10.0.0.1:1": "primary", "10.0.0.2:1": "backup" };
    assert.deepEqual(await tiers(), before);
    assert.deepEqual((await reload({ datacenter: "dc2" })).applied, ["datacenter"]);
    assert.deepEqual(await tiers(), before);
    await push();
    assert.deepEqual(await tiers(), { "10.0.0.1:1": "backup", "10.0.0.2:1": "primary" });
  });

  test("the contents of certificates, though no key has changed", async (t) => {
    const authority = await makeAuthority("test");
    const ca_file = join(folder(t), "ca.pem");
    writeFileSync(ca_file, authority.cert);
    const pools = { nomad: { servers: ["127.0.0.1:9"], backups: null, tls: { ca_file } } };
    const { events, post, reload } = await running(t, { pools });
    assert.deepEqual((await reload({})).pools.changed, []);
    writeFileSync(ca_file, (await issue(authority, "other")).cert);
    const report = await reload({});
    assert.deepEqual([report.applied, report.pools.changed], [[], ["nomad"]]);
    assert.deepEqual(
      (await events("pool-changed")).map(({ changed }) => changed),
      [[]],
    );
    rmSync(ca_file);
    const refused = await post();
    assert.equal(refused.status, 422);
    assert.match(refused.text, /ca\.pem: expected a readable PEM file: no such file/);
  });
});

suite("a key that waits for a restart", () => {
  const ROWS: readonly (readonly [key: string, values: Record<string, unknown>])[] = [
    ["dns.address", { dns: { address: ["127.0.0.1:0", "[::1]:0"] } }],
    ["dns.domain", { dns: { domain: "other.internal" } }],
    ["dns.listener", { dns: { listener: "dns2" } }],
    ["dns.sockets", { dns: { sockets: 2 } }],
    ["http.address.host", { http: { address: "127.0.0.2:0" } }],
    ["http.socket_mode", { http: { socket_mode: "0600" } }],
    ["data_dir", { data_dir: "/nonexistent/headwaiter" }],
  ];
  for (const [key, values] of ROWS) {
    test(`${key} is named and keeps its value, and what else there is is taken`, async (t) => {
      const { answer, events, reload, self, status } = await running(t);
      const before = (await self()).config;
      const report = await reload({ ...values, dns: { ...(values["dns"] as object), ttl: "5s" } });
      assert.deepEqual(report.needs_restart, [key]);
      assert.deepEqual(report.applied, ["dns.ttl"]);
      await until(async () => ttlOf((await answer("_web._tcp.", "SRV")).answers) === 5);
      const { config } = await self();
      assert.deepEqual(config.restart_needed, [key]);
      assert.equal(config.restart_hash, before.restart_hash);
      assert.deepEqual(
        (await status()).problems.map(({ code, text }) => [code, text.includes(key)]),
        [["restart-needed", true]],
      );
      assert.deepEqual((await events("config-reloaded"))[0]?.["needs_restart"], [key]);
      await reload({});
      assert.deepEqual((await self()).config.restart_needed, []);
      assert.equal((await self()).config.hash, before.hash);
    });
  }
});

suite("what can't be used changes nothing", () => {
  const ROWS: readonly (readonly [what: string, values: Record<string, unknown>, says: RegExp])[] = [
    ["a key that there is not", { dns: { tll: "1s" } }, /test: dns\.tll: unknown key, expected one of/],
    ["a bad value", { dns: { ttl: "soon" } }, /test: dns\.ttl: expected/],
    ["no pool", { pools: {} }, /test: pools: expected at least one pool/],
    [
      "a file of TLS that is not there, in one of several pools",
      { pools: { other: { ping: "none" }, web: { tls: { ca_file: "/nonexistent/ca.pem" } } } },
      /ca\.pem: expected a readable PEM file/,
    ],
    [
      "a file of TLS for Consul",
      { consul: { address: "https://127.0.0.1:1", ca_file: "/nonexistent/ca.pem" }, dns: { ttl: "1s" } },
      /TLS file ".*ca\.pem" can't be read/,
    ],
  ];
  for (const [what, values, says] of ROWS) {
    test(what, async (t) => {
      const { before, events, http, post, pool, self, servers, status, write } = await running(t);
      const was = { self: await self(), pool: await pool() };
      write({ ...before, ...values });
      for (const query of ["?dry_run=true", ""]) {
        const reply = await post(query);
        assert.equal(reply.status, 422);
        const { code, error } = reply.json() as { code: string; error: string };
        assert.equal(code, "config-invalid");
        assert.match(error, says);
      }
      assert.deepEqual((await self()).config, was.self.config);
      const is = await pool();
      assert.deepEqual([is.head, is.revision], [was.pool.head, was.pool.revision]);
      assert.deepEqual(
        servers.map(({ accepted }) => accepted()),
        [1, 1],
      );
      assert.deepEqual(
        (await status()).problems.map(({ code }) => code),
        ["config-refused"],
      );
      assert.equal((await events("config-refused")).length, 1);
      const metrics = (await ask(http, "/metrics")).text;
      assert.match(metrics, /^headwaiter_config_last_reload_successful 0$/m);
      assert.match(metrics, /^headwaiter_config_reloads_total\{result="refused"\} 1$/m);
      write(before);
      assert.equal((await post()).status, 200);
      assert.deepEqual((await status()).problems, []);
    });
  }
});

suite("a reload", () => {
  test("a trial run says what it would come to, and changes nothing", async (t) => {
    const { before, events, post, self, web, write } = await running(t);
    const was = await self();
    write({ ...before, dns: { ttl: "5s", sockets: 2 }, pools: { web: { ...web, ping: "none" }, db: {} } });
    const { dry_run, pools, ...report } = (await post("?dry_run=true")).json() as Report & {
      dry_run: boolean;
    };
    assert.equal(dry_run, true);
    assert.deepEqual(report.applied, ["dns.ttl", "pools.web.ping", "pools.db"]);
    assert.deepEqual(report.needs_restart, ["dns.sockets"]);
    assert.deepEqual(pools, { added: ["db"], removed: [], changed: ["web"] });
    assert.deepEqual((await self()).config, was.config);
    assert.equal((await events("config-reloaded")).length, 0);
  });

  test("none is taken by an agent that ends", async (t) => {
    const { agent, before, logger, write } = await running(t);
    write({ ...before, dns: { ttl: "5s" } });
    const ended = agent.stop();
    await agent.reload();
    await ended;
    assert.ok(!logger.lines.some(({ message }) => /^reloaded/.test(message)));
  });
});
