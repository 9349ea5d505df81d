/** Pools that questions start: the whole agent in this process, DNS and HTTP on loopback, a scripted Consul. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { decode, encode, type RecordType } from "dns-packet";
import { until } from "../../scripts/lab/until.ts";
import { type StartedAgent, startedAgent } from "../support/agent-in-process.ts";
import { ConsulDriver } from "../support/consul-driver.ts";
import { ask } from "../support/http-client.ts";
import { ScriptedConsul } from "../support/scripted-consul.ts";
import { a, ScriptedNameserver, zoneScript } from "../support/scripted-nameserver.ts";
import { askAnyUdp } from "../views/dns/dns-client.ts";

const PATIENCE_MS = 10_000;
const ZONE = "headwaiter.internal";
const NOT_READY = 14;

interface Reply {
  readonly rcode: string;
  readonly extendedError: number | undefined;
  /** Of SRV the ports. */
  readonly values: readonly (string | number)[];
}

async function asked({ dns }: Pick<StartedAgent, "dns">, name: string, type: RecordType): Promise<Reply> {
  const query = encode({
    type: "query",
    id: 7,
    questions: [{ type, name }],
    additionals: [{ type: "OPT", name: ".", udpPayloadSize: 1_232 } as never],
  });
  const bytes = (await askAnyUdp(dns, query, PATIENCE_MS)) ?? assert.fail(`no answer: ${name}`);
  const reply = decode(bytes);
  const [opt] = (reply.additionals ?? []).filter(({ type: kind }) => kind === "OPT") as unknown as {
    options: { code: number; data: Buffer }[];
  }[];
  const error = opt?.options.find(({ code }) => code === 15);
  return {
    rcode: (reply as { rcode?: string }).rcode ?? "",
    extendedError: error?.data.readUInt16BE(0),
    values: (reply.answers ?? []).flatMap((record): (string | number)[] =>
      record.type === "SRV" ? [record.data.port] : record.type === "A" ? [record.data] : [],
    ),
  };
}

async function running(t: TestContext, values: Record<string, unknown> = {}) {
  const consul = await ScriptedConsul.start(t);
  const driver = new ConsulDriver(consul.address);
  const before = {
    consul: { address: consul.address },
    pools: { "*": { ping: "none" } },
    ...values,
  };
  const started = await startedAgent(t, before);
  const { http } = started;
  /** Requests about instances of this service, since the start. */
  const requests = (service: string) =>
    consul.requests.filter(({ url }) => new RegExp(`/(health|catalog)/service/${service}\\?`).test(url))
      .length;
  return {
    ...started,
    consul,
    driver,
    before,
    requests,
    ask: (name: string, type: RecordType = "SRV") => asked(started, name, type),
    pools: async () =>
      ((await ask(http, "/v1/pools")).json() as { pools: { name: string; on_demand: boolean }[] }).pools,
    events: async (kind: string) =>
      (await ask(http, `/v1/events?kind=${kind}`)).json() as readonly Record<string, unknown>[],
    reload: async (next: Record<string, unknown>) => {
      started.write({ ...before, ...next });
      const reply = await ask(http, "/v1/agent/reload", { method: "POST" });
      assert.equal(reply.status, 200, reply.text);
      return (reply.json() as { pools: { added: string[]; removed: string[]; changed: string[] } }).pools;
    },
  };
}

suite("a question about a service that no pool serves", () => {
  test("starts a pool, waits for it, and is answered", async (t) => {
    const { ask: dig, driver, events, pools, requests } = await running(t);
    await driver.register({ id: "db-1", service: "db", port: 5_432 });
    assert.deepEqual(await dig(`_db._tcp.${ZONE}`), {
      rcode: "NOERROR",
      extendedError: undefined,
      values: [5_432],
    });
    assert.deepEqual((await dig(`db.${ZONE}`, "A")).values, ["127.0.0.1"]);
    assert.deepEqual((await dig(`_DB._tcp.all.${ZONE}`)).values, [5_432]);
    assert.deepEqual(
      (await pools()).map(({ name, on_demand }) => [name, on_demand]),
      [["db", true]],
    );
    assert.deepEqual(
      (await events("pool-added")).map(({ pool, on_demand }) => [pool, on_demand]),
      [["db", true]],
    );
    // One that asks whether there is such a service, one of its watch, and one that waits.
    await until(() => requests("db") === 3);
  });

  test("many questions about one service cost one pool", async (t) => {
    const { ask: dig, driver, pools, requests } = await running(t);
    await driver.register({ id: "db-1", service: "db", port: 5_432 });
    const replies = await Promise.all(Array.from({ length: 50 }, () => dig(`_db._tcp.${ZONE}`)));
    assert.ok(replies.every(({ values }) => values[0] === 5_432));
    assert.equal((await pools()).length, 1);
    await until(() => requests("db") === 3);
  });

  test("is told NXDOMAIN when Consul does not know it, which is believed for a while", async (t) => {
    const { ask: dig, driver, pools, requests } = await running(t);
    assert.equal((await dig(`_nobody._tcp.${ZONE}`)).rcode, "NXDOMAIN");
    await driver.register({ id: "n-1", service: "nobody", port: 1 });
    assert.equal((await dig(`nobody.${ZONE}`, "A")).rcode, "NXDOMAIN");
    assert.equal(requests("nobody"), 1);
    assert.deepEqual(await pools(), []);
  });

  test("reaches Consul once, whichever thread it comes to", async (t) => {
    const { ask: dig, requests } = await running(t, { dns: { sockets: 2 } });
    for (let i = 0; i < 20; i += 1) {
      assert.equal((await dig(`_nobody._tcp.${ZONE}`)).rcode, "NXDOMAIN");
    }
    assert.equal(requests("nobody"), 1);
  });

  test("is told that nobody can tell when Consul gives no answer in 250 ms", async (t) => {
    const { ask: dig, consul } = await running(t);
    const release = consul.holdAnswers();
    const begin = performance.now();
    const { rcode, extendedError } = await dig(`_slow._tcp.${ZONE}`);
    const tookMs = performance.now() - begin;
    assert.deepEqual([rcode, extendedError], ["SERVFAIL", NOT_READY]);
    assert.ok(tookMs > 200, `${tookMs} ms`);
    release();
    await until(async () => (await dig(`_slow._tcp.${ZONE}`)).rcode === "NXDOMAIN");
  });

  test("is told so at once when Consul fails", async (t) => {
    const { ask: dig, consul, pools } = await running(t);
    await consul.close();
    const { rcode, extendedError } = await dig(`_db._tcp.${ZONE}`);
    assert.deepEqual([rcode, extendedError], ["SERVFAIL", NOT_READY]);
    assert.deepEqual(await pools(), []);
  });

  test("starts none beyond `max_pools`, and takes no place of one that is there", async (t) => {
    const { ask: dig, driver, pools, requests } = await running(t, { on_demand: { max_pools: 2 } });
    for (const [index, service] of ["a", "b", "c"].entries()) {
      await driver.register({ id: service, service, port: 1_000 + index });
    }
    assert.deepEqual((await dig(`_a._tcp.${ZONE}`)).values, [1_000]);
    assert.deepEqual((await dig(`_b._tcp.${ZONE}`)).values, [1_001]);
    const refused = await dig(`_c._tcp.${ZONE}`);
    assert.deepEqual([refused.rcode, refused.extendedError], ["SERVFAIL", NOT_READY]);
    assert.equal(requests("c"), 1);
    assert.equal((await dig(`_nobody._tcp.${ZONE}`)).rcode, "NXDOMAIN");
    assert.equal((await pools()).length, 2);
  });

  test("is none where the name can't be a service's, or no template is configured", async (t) => {
    const { ask: dig, consul, reload } = await running(t);
    for (const name of ["-x", "_x", "a.b.c", "_x._udp", "_tcp", "x_", "_-x._tcp"]) {
      assert.equal((await dig(`${name}.${ZONE}`, "A")).values.length, 0);
    }
    assert.deepEqual(consul.requests, []);
    await reload({ pools: { web: { backups: null, ping: "none" } } });
    assert.equal((await dig(`_db._tcp.${ZONE}`)).rcode, "NXDOMAIN");
    assert.deepEqual(consul.requests, []);
  });
});

suite("a pool that a question started", () => {
  test("ends when nobody has asked for it for `unused`, and stays while somebody does", async (t) => {
    const { ask: dig, driver, events, pools } = await running(t, { on_demand: { unused: "400ms" } });
    for (const service of ["busy", "idle"]) {
      await driver.register({ id: service, service, port: 1 });
      assert.equal((await dig(`_${service}._tcp.${ZONE}`)).rcode, "NOERROR");
    }
    await until(async () => {
      assert.equal((await dig(`busy.${ZONE}`, "TXT")).rcode, "NOERROR");
      return (await pools()).length === 1;
    });
    assert.deepEqual(
      (await events("pool-removed")).map(({ pool }) => pool),
      ["idle"],
    );
    // It starts again when it is asked for.
    assert.equal((await dig(`_idle._tcp.${ZONE}`)).rcode, "NOERROR");
  });

  test("ends when Consul does not know its service any more", async (t) => {
    const { ask: dig, driver, pools } = await running(t, { on_demand: { unused: "1s" } });
    await driver.register({ id: "sick", service: "sick", port: 1, status: "critical" });
    const { rcode, extendedError } = await dig(`_sick._tcp.${ZONE}`);
    assert.deepEqual([rcode, extendedError], ["SERVFAIL", NOT_READY]);
    assert.equal((await pools()).length, 1);
    await driver.deregister("sick");
    await until(async () => {
      await dig(`_sick._tcp.${ZONE}`);
      return (await pools()).length === 0;
    });
    await until(async () => (await dig(`_sick._tcp.${ZONE}`)).rcode === "NXDOMAIN");
  });

  test("counts neither for readiness, nor for problems, nor in series by pool", async (t) => {
    const { ask: dig, driver, http } = await running(t);
    await driver.register({ id: "sick", service: "sick", port: 1, status: "critical" });
    await dig(`_sick._tcp.${ZONE}`);
    await dig(`_nobody._tcp.${ZONE}`);
    const ready = await ask(http, "/v1/agent/ready");
    assert.deepEqual([ready.status, (ready.json() as { pools: object }).pools], [200, {}]);
    const { problems } = (await ask(http, "/v1/agent/status")).json() as { problems: object[] };
    assert.deepEqual(problems, []);
    const metrics = (await ask(http, "/metrics")).text;
    assert.doesNotMatch(metrics, /sick/);
    assert.match(metrics, /^headwaiter_pools_on_demand 1$/m);
    assert.match(metrics, /^headwaiter_pools_on_demand_asked_total\{result="started"\} 1$/m);
    assert.match(metrics, /^headwaiter_pools_on_demand_asked_total\{result="unknown"\} 1$/m);
    assert.equal((await ask(http, "/v1/pools/sick/explain")).status, 200);
  });

  test("goes on with other settings, gives way to a configured pool, and ends with its template", async (t) => {
    const { ask: dig, driver, events, pools, reload } = await running(t);
    for (const service of ["one", "two"]) {
      await driver.register({ id: service, service, port: 1 });
      assert.equal((await dig(`_${service}._tcp.${ZONE}`)).rcode, "NOERROR");
    }
    assert.deepEqual(await reload({ pools: { "*": { ping: "none", health: { interval: "2s" } } } }), {
      added: [],
      removed: [],
      changed: ["one", "two"],
    });
    assert.deepEqual(
      (await events("pool-changed")).map(({ pool, changed }) => [pool, changed]),
      ["one", "two"].map((pool) => [pool, ["health.interval"]]),
    );
    const configured = { One: { ping: "none", backups: { service: "two" } } };
    assert.deepEqual(await reload({ pools: { "*": { ping: "none" }, ...configured } }), {
      added: ["One"],
      removed: ["one"],
      changed: ["two"],
    });
    assert.deepEqual(
      (await pools()).map(({ name, on_demand }) => [name, on_demand]),
      [
        ["two", true],
        ["One", false],
      ],
    );
    assert.equal((await dig(`_one._tcp.${ZONE}`)).rcode, "NOERROR");
    assert.deepEqual((await reload({ pools: configured })).removed, ["two"]);
    assert.equal((await dig(`_two._tcp.${ZONE}`)).rcode, "NXDOMAIN");
  });

  test("is there at the next start, with its last known list and Consul down", async (t) => {
    const data_dir = mkdtempSync(join(tmpdir(), "headwaiter-on-demand-"));
    t.after(() => {
      rmSync(data_dir, { recursive: true });
    });
    const first = await running(t, { data_dir });
    await first.driver.register({ id: "db-1", service: "db", port: 5_432 });
    await first.driver.register({ id: "c-1", service: "constructor", port: 1 });
    assert.deepEqual((await first.ask(`_db._tcp.${ZONE}`)).values, [5_432]);
    assert.deepEqual((await first.ask(`_constructor._tcp.${ZONE}`)).values, [1]);
    await first.agent.stop();
    await first.consul.close();
    const second = await startedAgent(t, first.before);
    assert.deepEqual((await asked(second, `_db._tcp.${ZONE}`, "SRV")).values, [5_432]);
    assert.deepEqual((await asked(second, `_constructor._tcp.${ZONE}`, "SRV")).values, [1]);
    const [pool] = ((await ask(second.http, "/v1/pools")).json() as { pools: Record<string, unknown>[] })
      .pools;
    assert.deepEqual([pool?.["name"], pool?.["on_demand"], pool?.["state"]], ["db", true, "stale"]);
    await second.agent.stop();
    // Without the template nobody asks for it.
    const third = await startedAgent(t, { ...first.before, pools: { web: { backups: null, ping: "none" } } });
    assert.equal((await asked(third, `_db._tcp.${ZONE}`, "SRV")).rcode, "NXDOMAIN");
  });
});

suite("with Consul's own names", () => {
  const dns = { consul_names: "head" };

  test("each form starts the pool of its service, and of its tag", async (t) => {
    const { ask: dig, driver, http, pools } = await running(t, { dns });
    await driver.register({ id: "db-1", service: "db", port: 1 });
    await driver.register({ id: "db-2", service: "db", port: 2, tags: ["blue"] });
    assert.deepEqual((await dig("blue.db.service.consul")).values, [2]);
    assert.deepEqual((await dig("_db._blue.service.dc1.consul")).values, [2]);
    assert.equal((await dig("db.service.consul")).rcode, "NOERROR");
    assert.equal((await dig("_db._tcp.service.dc1.consul")).rcode, "NOERROR");
    assert.equal((await dig(`_db._tcp.${ZONE}`)).rcode, "NOERROR");
    assert.deepEqual(
      (await pools()).map(({ name }) => name),
      ["blue.db", "db"],
    );
    const explained = (await ask(http, "/v1/pools/blue.db/explain")).json() as { dns: object };
    assert.deepEqual(explained.dns, {
      question: "blue.db.service.consul SRV",
      answer: "7f000001.addr.consul:2",
      rcode: "NOERROR",
      extended_error: null,
      ttl_s: 0,
    });
    assert.equal((await dig("green.db.service.consul")).rcode, "NXDOMAIN");
    assert.equal((await dig("none.service.consul", "A")).rcode, "NXDOMAIN");
    assert.equal((await dig("db.service.dc2.consul")).rcode, "REFUSED");
    assert.equal((await dig("x.node.consul", "A")).rcode, "REFUSED");
  });

  test("Consul's own DNS is asked where no place is free, not where Consul has said that it knows no such service", async (t) => {
    const zone = zoneScript({
      "db.service.consul": [a("db.service.consul", "127.0.0.9")],
      "n1.node.consul": [a("n1.node.consul", "127.0.0.8")],
      "none.service.consul": [a("none.service.consul", "127.0.0.7")],
    });
    const nameserver = await ScriptedNameserver.start(zone);
    t.after(() => nameserver.stop());
    const consul_address = `${nameserver.address}:${nameserver.port}`;
    const { ask: dig, driver } = await running(t, {
      dns: { ...dns, consul_address },
      on_demand: { max_pools: 1 },
    });
    await driver.register({ id: "web-1", service: "web", port: 1, address: "127.0.0.3" });
    await driver.register({ id: "db-1", service: "db", port: 1 });
    assert.deepEqual((await dig("web.service.consul", "A")).values, ["127.0.0.3"]);
    assert.equal((await dig("none.service.consul", "A")).rcode, "NXDOMAIN");
    assert.deepEqual((await dig("n1.node.consul", "A")).values, ["127.0.0.8"]);
    await until(async () => (await dig("db.service.consul", "A")).values[0] === "127.0.0.9");
  });

  test("no name of Consul's starts one whose instances are only a part of the service", async (t) => {
    const pools = { "*": { ping: "none", backups: { filter: "Node.Meta.rack == a1" } } };
    const { ask: dig, consul } = await running(t, { dns, pools });
    assert.equal((await dig("db.service.consul")).rcode, "NXDOMAIN");
    assert.deepEqual(consul.requests, []);
  });
});
