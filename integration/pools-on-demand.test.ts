/** Pools that questions start, with the agent as a process and a real Consul. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { decode, encode } from "dns-packet";
import { AgentProcess } from "../scripts/lab/agent-process.ts";
import { DnsAsker, MAX_BURST } from "../scripts/lab/dns-asker.ts";
import { median } from "../scripts/lab/median.ts";
import { flood } from "../scripts/lab/name-flood.ts";
import { until } from "../scripts/lab/until.ts";
import { ConsulDriver } from "../test/support/consul-driver.ts";
import { ScriptedHttpProxy } from "../test/support/scripted-http-proxy.ts";
import { askAnyUdp } from "../test/views/dns/dns-client.ts";
import { ConsulContainer } from "./support/consul-container.ts";
import { untilAnswered } from "./support/until-answered.ts";

/** With `SERVICES=300` the figures of docs/pools-on-demand.md. */
const SERVICES = Number(process.env["SERVICES"] ?? 60);
const NAMES = 100_000;
const STARTS_PER_SECOND = 10;
const PATIENCE_MS = 5_000;
/** Each pool holds a connection to Consul, which takes 200 of one client by default. */
const MANY_CLIENTS = "limits { http_max_conns_per_client = 2000 }";

async function ports(address: string, name: string): Promise<readonly number[]> {
  return (await asked(address, name)).ports;
}

async function asked(address: string, name: string): Promise<{ rcode: string; ports: readonly number[] }> {
  const [host = "", port] = address.split(":");
  const query = encode({ type: "query", id: 7, questions: [{ type: "SRV", name }] });
  const reply = await askAnyUdp({ host, port: Number(port) }, query, PATIENCE_MS);
  // The package's types leave the response code out.
  const { answers = [], rcode } = decode(reply ?? assert.fail(`no answer: ${name}`)) as ReturnType<
    typeof decode
  > & { readonly rcode?: string };
  return {
    rcode: String(rcode),
    ports: answers.flatMap((record) => (record.type === "SRV" ? [record.data.port] : [])),
  };
}

async function metric(agent: AgentProcess, line: RegExp): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${agent.httpPort}/metrics`)).text();
  return Number(line.exec(text)?.[1] ?? Number.NaN);
}

const RESIDENT = /^process_resident_memory_bytes (\d+)/m;

suite("pools on demand, with a real Consul", () => {
  test("services without a pool are answered at the first question, as Consul's own names, too", async (t) => {
    await using consul = await ConsulContainer.start({ hcl: [MANY_CLIENTS] });
    const driver = new ConsulDriver(`http://127.0.0.1:${consul.httpPort}`);
    const services = Array.from({ length: SERVICES }, (_, index) => ({ service: `s${index}`, index }));
    for (const { index, service } of services) {
      for (const instance of [0, 1]) {
        await driver.register({ id: `${service}-${instance}`, service, port: 1_000 + 2 * index + instance });
      }
    }
    await using agent = await AgentProcess.start({
      log: { level: "info" },
      consul: { address: `http://127.0.0.1:${consul.httpPort}` },
      dns: { address: "127.0.0.1:0", consul_names: "head" },
      pools: { "*": { ping: "none" } },
      on_demand: { max_pools: SERVICES, starts_per_second: 1_000 },
    });
    const times: number[] = [];
    let late = 0;
    for (const { service } of services) {
      const begin = performance.now();
      const ask = () => asked(agent.dnsAddress, `${service}.service.consul`);
      const first = await ask();
      times.push(performance.now() - begin);
      late += first.rcode === "SERVFAIL" ? 1 : 0;
      const { ports: named } = first.rcode === "SERVFAIL" ? await untilAnswered(service, ask) : first;
      const [head, ...others] = named;
      const consuls = await ports(`127.0.0.1:${consul.dnsPort}`, `${service}.service.consul`);
      assert.ok(head !== undefined && others.length === 0 && consuls.includes(head), service);
      assert.deepEqual(await ports(agent.dnsAddress, `_${service}._tcp.headwaiter.internal`), [head]);
    }
    t.diagnostic(
      `first answer: median ${median(times).toFixed(1)} ms, longest ${Math.max(...times).toFixed(0)} ms; ` +
        `${((await metric(agent, RESIDENT)) / 1e6).toFixed(0)} MB with ${SERVICES} pools`,
    );
    assert.ok(late <= SERVICES / 10, `${late} of ${SERVICES} first questions without an answer`);
    assert.ok(median(times) < 50, `${median(times)} ms`);
  });

  test("100,000 random names cost Consul the documented rate, and the pools in use nothing", async (t) => {
    await using consul = await ConsulContainer.start();
    const driver = new ConsulDriver(`http://127.0.0.1:${consul.httpPort}`);
    await driver.register({ id: "db-1", service: "db", port: 5_432 });
    const proxy = await ScriptedHttpProxy.start(t, `http://127.0.0.1:${consul.httpPort}`);
    await using agent = await AgentProcess.start({
      log: { level: "info" },
      consul: { address: proxy.address },
      pools: { "*": { ping: "none" } },
      on_demand: { max_pools: 2, starts_per_second: STARTS_PER_SECOND },
    });
    await until(async () => (await ports(agent.dnsAddress, "_db._tcp.headwaiter.internal"))[0] === 5_432);
    const residentBefore = await metric(agent, RESIDENT);
    const requestsBefore = proxy.requests.length;
    let wrong = 0;
    const asker = await DnsAsker.start(
      { address: agent.dnsAddress, name: "_db._tcp.headwaiter.internal", perSecond: 500, maxOpen: MAX_BURST },
      (reply) => {
        wrong += reply.ports[0] === 5_432 ? 0 : 1;
      },
    );
    const { answered, rcodes, tookMs } = await flood({
      address: agent.dnsAddress,
      zone: "headwaiter.internal",
      count: NAMES,
    });
    asker.stop();
    await until(() => asker.counts.answered === asker.counts.sent);
    const { maxLatencyMs, sent } = asker.counts;
    asker.close();
    const requests = proxy.requests.length - requestsBefore;
    const residentMore = ((await metric(agent, RESIDENT)) - residentBefore) / 1e6;
    t.diagnostic(
      `${answered} names in ${(tookMs / 1000).toFixed(1)} s, ${JSON.stringify(rcodes)}; ${requests} requests to Consul; ` +
        `${sent} questions about the pool in use, ${wrong} wrong, slowest ${maxLatencyMs.toFixed(0)} ms; ${residentMore.toFixed(0)} MB more`,
    );
    assert.equal(answered, NAMES);
    assert.equal(rcodes["NOERROR"], undefined);
    // At once, then by the rate; what waits a quarter of a second for its turn; the watch of the pool itself.
    assert.ok(requests <= STARTS_PER_SECOND * (tookMs / 1000 + 1.5) + 5, `${requests} requests`);
    assert.ok(requests >= STARTS_PER_SECOND, `${requests} requests`);
    assert.equal(wrong, 0);
    assert.ok(residentMore < 60, `${residentMore} MB`);
    assert.equal(await metric(agent, /^headwaiter_pools_on_demand (\d+)/m), 1);
  });
});
