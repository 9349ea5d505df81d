/** Consul's own names: a real Consul and the agent are asked the same. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { decode, encode } from "dns-packet";
import { AgentProcess } from "../scripts/lab/agent-process.ts";
import { untilSeen } from "../scripts/lab/until.ts";
import { ConsulDriver } from "../test/support/consul-driver.ts";
import { askAnyUdp } from "../test/views/dns/dns-client.ts";
import { ConsulContainer } from "./support/consul-container.ts";

const SERVICES = 40;
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

/** Several instances each, of IPv4 or IPv6, some with the tag `blue`. */
async function register(driver: ConsulDriver): Promise<void> {
  for (let service = 0; service < SERVICES; service += 1) {
    for (let instance = 0; instance <= service % 4; instance += 1) {
      await driver.register({
        id: `s${service}-${instance}`,
        service: `s${service}`,
        port: 1_000 + service,
        address: service % 5 === 4 ? `2001:db8::${service}:${instance}` : `10.0.${service}.${instance + 1}`,
        tags: instance === 0 ? ["blue"] : [],
      });
    }
  }
}

suite("Consul's own names", () => {
  test("answer to each name and type one of the servers that a real Consul answers", async (t) => {
    await using consul = await ConsulContainer.start();
    const driver = new ConsulDriver(`http://127.0.0.1:${consul.httpPort}`);
    await register(driver);
    const services = Array.from({ length: SERVICES }, (_, service) => `s${service}`);
    const plain = services.map((service): [string, object] => [service, { ping: "none" }]);
    const blue = services.map((service): [string, object] => [
      `${service}-blue`,
      { ping: "none", backups: { service, tag: "blue" } },
    ]);
    await using agent = await AgentProcess.start({
      consul: { address: `http://127.0.0.1:${consul.httpPort}` },
      dns: { address: "127.0.0.1:0", consul_names: "head" },
      pools: Object.fromEntries([...plain, ...blue]),
    });
    const theirs = `127.0.0.1:${consul.dnsPort}`;
    const names = services.flatMap((service) => [
      `${service}.service.consul`,
      `_${service}._tcp.service.consul`,
      `blue.${service}.service.consul`,
      `_${service}._blue.service.consul`,
      `${service}.service.dc1.consul`,
    ]);
    let compared = 0;
    for (const name of names) {
      for (const type of TYPES) {
        const consuls = await asked(theirs, name, type);
        // The agent hears of all services a moment after its start.
        await untilSeen(
          `${name} ${type} as one of ${JSON.stringify(consuls)}`,
          10_000,
          () => asked(agent.dnsAddress, name, type),
          ({ rcode, values }) =>
            rcode === consuls.rcode &&
            values.length === Math.min(1, consuls.values.length) &&
            values.every((value) => consuls.values.includes(value)),
        );
        compared += 1;
      }
    }
    const both = async (name: string) =>
      [await asked(theirs, name, "SRV"), await asked(agent.dnsAddress, name, "SRV")].map(
        ({ rcode }) => rcode,
      );
    assert.deepEqual(await both("none.service.consul"), ["NXDOMAIN", "NXDOMAIN"]);
    assert.deepEqual(await both("green.s1.service.consul"), ["NXDOMAIN", "NXDOMAIN"]);
    // What the agent refuses, and Consul knows: nodes.
    assert.equal((await both("any.node.consul"))[1], "REFUSED");
    t.diagnostic(`${compared} names and types compared`);
  });
});
