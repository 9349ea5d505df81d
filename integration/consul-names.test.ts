/** Consul's own names: a real Consul and the agent are asked the same. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { decode, encode } from "dns-packet";
import { AgentProcess } from "../scripts/lab/agent-process.ts";
import { ConsulDriver } from "../test/support/consul-driver.ts";
import { askAnyUdp } from "../test/views/dns/dns-client.ts";
import { ConsulContainer } from "./support/consul-container.ts";
import { untilAnswered } from "./support/until-answered.ts";

/** With `SERVICES=300` the figures of docs/consul-names.md. */
const SERVICES = Number(process.env["SERVICES"] ?? 30);
/** So many are asked for with their tag, too: each is a pool, whose connection a container counts as a file. */
const TAGGED = 30;
/** Consul gives three of several servers by default, and takes 200 connections of one client. */
const WHOLE_ANSWERS =
  "dns_config { udp_answer_limit = 100, a_record_limit = 0 } limits { http_max_conns_per_client = 4000 }";
const TYPES = ["A", "AAAA", "SRV"] as const;
const PATIENCE_MS = 5_000;

interface Answer {
  readonly rcode: string;
  /** Addresses, and of SRV `address:port`, by the addresses that come along. */
  readonly values: readonly string[];
}

async function asked(address: string, name: string, type: (typeof TYPES)[number]): Promise<Answer> {
  const [host = "", port] = address.split(":");
  const query = encode({
    type: "query",
    id: 7,
    questions: [{ type, name }],
    additionals: [{ type: "OPT", name: ".", udpPayloadSize: 4_096 } as never],
  });
  const reply = await askAnyUdp({ host, port: Number(port) }, query, PATIENCE_MS);
  const {
    additionals = [],
    answers = [],
    rcode,
  } = decode(reply ?? assert.fail(`no answer: ${name}`)) as {
    rcode?: string;
  } & ReturnType<typeof decode>;
  const values = answers.flatMap((record) => {
    if (record.type === "A" || record.type === "AAAA") {
      return [record.data];
    }
    if (record.type !== "SRV") {
      return [];
    }
    const { port: at, target } = record.data;
    return additionals.flatMap((glue) =>
      (glue.type === "A" || glue.type === "AAAA") && glue.name.toLowerCase() === target.toLowerCase()
        ? [`${glue.data}:${at}`]
        : [],
    );
  });
  return { rcode: String(rcode), values: values.toSorted() };
}

function answered(address: string, name: string, type: (typeof TYPES)[number]): Promise<Answer> {
  return untilAnswered(`${name} ${type}`, () => asked(address, name, type));
}

/** Several instances each, of IPv4 or IPv6, some with the tag `blue`. */
async function register(driver: ConsulDriver): Promise<void> {
  for (let service = 0; service < SERVICES; service += 1) {
    for (let instance = 0; instance <= service % 4; instance += 1) {
      await driver.register({
        id: `s${service}-${instance}`,
        service: `s${service}`,
        port: 1_000 + service,
        address:
          service % 5 === 4
            ? `2001:db8::${service}:${instance}`
            : `10.${service >> 8}.${service & 255}.${instance + 1}`,
        tags: instance === 0 ? ["blue"] : [],
      });
    }
  }
}

suite("Consul's own names", () => {
  test("a real Consul's answers to each name and type: the same servers with `all`, one of them with `head`", async (t) => {
    await using consul = await ConsulContainer.start({ hcl: [WHOLE_ANSWERS] });
    const driver = new ConsulDriver(`http://127.0.0.1:${consul.httpPort}`);
    await register(driver);
    const services = Array.from({ length: SERVICES }, (_, service) => `s${service}`);
    // No pool is configured: the first question about a service, or about its tag, starts one.
    const agentWith = (consul_names: "head" | "all", consul_address: string | null) =>
      AgentProcess.start({
        log: { level: "info" },
        consul: { address: `http://127.0.0.1:${consul.httpPort}` },
        dns: { address: "127.0.0.1:0", consul_names, consul_address },
        pools: { "*": { ping: "none" } },
        on_demand: { max_pools: 2 * SERVICES, starts_per_second: 1_000 },
      });
    const theirs = `127.0.0.1:${consul.dnsPort}`;
    await using heads = await agentWith("head", null);
    await using alls = await agentWith("all", theirs);
    const names = services.flatMap((service, index) => [
      `${service}.service.consul`,
      `_${service}._tcp.service.consul`,
      `${service}.service.dc1.consul`,
      ...(index < TAGGED ? [`blue.${service}.service.consul`, `_${service}._blue.service.consul`] : []),
    ]);
    let compared = 0;
    for (const name of names) {
      for (const type of TYPES) {
        const consuls = await asked(theirs, name, type);
        const all = await answered(alls.dnsAddress, name, type);
        assert.deepEqual(all.values, consuls.values, `${name} ${type}`);
        const head = await answered(heads.dnsAddress, name, type);
        assert.equal(head.values.length, Math.min(1, consuls.values.length), `${name} ${type}`);
        assert.ok(
          head.values.every((value) => consuls.values.includes(value)),
          `${name} ${type}`,
        );
        assert.deepEqual([all.rcode, head.rcode], [consuls.rcode, consuls.rcode], `${name} ${type}`);
        compared += 1;
      }
    }
    const rcodes = async (name: string) =>
      (
        await Promise.all(
          [theirs, alls.dnsAddress, heads.dnsAddress].map((dns) => answered(dns, name, "SRV")),
        )
      ).map(({ rcode }) => rcode);
    assert.deepEqual(await rcodes("none.service.consul"), ["NXDOMAIN", "NXDOMAIN", "NXDOMAIN"]);
    assert.deepEqual(await rcodes("green.s1.service.consul"), ["NXDOMAIN", "NXDOMAIN", "NXDOMAIN"]);
    // What Consul knows alone: nodes. One agent asks it, the other refuses.
    const { Config } = (await (await fetch(`http://127.0.0.1:${consul.httpPort}/v1/agent/self`)).json()) as {
      Config: { NodeName: string };
    };
    const node = `${Config.NodeName}.node.consul`;
    const [known, forwarded] = [await asked(theirs, node, "A"), await asked(alls.dnsAddress, node, "A")];
    assert.equal(known.values.length, 1);
    assert.deepEqual(forwarded, known);
    assert.equal((await asked(heads.dnsAddress, node, "A")).rcode, "REFUSED");
    const none = "none.node.consul";
    assert.deepEqual(await asked(alls.dnsAddress, none, "A"), await asked(theirs, none, "A"));
    t.diagnostic(`${compared} names and types compared`);
  });
});
