/** Consul's domain through other resolvers, by the recipes of docs/consul-names.md. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { DnsAddress } from "../src/views/dns/thread-messages.ts";
import { type Asked, a, ScriptedNameserver } from "../test/support/scripted-nameserver.ts";
import { askAnyUdp, askTcp, framed } from "../test/views/dns/dns-client.ts";
import { manyServers, pool } from "../test/views/dns/pools.ts";
import { serving } from "../test/views/dns/serving.ts";
import { query, text, words } from "../test/views/dns/zone-text.ts";
import { startForwarder } from "./support/forwarders.ts";

before(() => {
  const script = fileURLToPath(new URL("../scripts/dns-peers", import.meta.url));
  execFileSync(script, ["tests"], { stdio: "inherit" });
});

/** As long as the most patient stub resolvers wait. */
const PATIENCE_MS = 5_000;

/** Consul, as far as it is asked: it knows one node. */
function consulsAnswer(asked: Asked): Buffer {
  const question = asked.bytes.subarray(12, 12 + asked.name.length + 2 + 4);
  const knows = asked.name.toLowerCase() === "n1.node.consul" && asked.type === 1;
  const exists = knows || asked.name.split(".").length < 3;
  const records = knows ? [a(asked.name, "10.0.0.77", 0)] : [];
  return Buffer.concat([
    words(asked.id, exists ? 0x8580 : 0x8583, 1, records.length, 0, 0),
    question,
    ...records,
  ]);
}

describe("the agent in place of Consul's DNS, asked through", () => {
  for (const name of ["dnsmasq", "unbound"] as const) {
    test(name, async (t) => {
      const consul = await ScriptedNameserver.start((asked, send) => {
        send(consulsAnswer(asked));
      });
      t.after(() => consul.stop());
      const service = (servers: readonly string[], service: string) => ({
        ...pool("live", servers),
        service: { name: service, tag: undefined },
      });
      const agent = await serving(
        t,
        { web: service(["10.0.0.2:80", "10.0.0.1:81"], "web"), many: service(manyServers(300), "many") },
        {
          consulNames: {
            domain: "consul",
            datacenter: "dc1",
            answers: "all",
            forwardTo: { address: consul.address, port: consul.port },
          },
        },
      );
      const asked = async (at: DnsAddress, question: string, patienceMs = PATIENCE_MS) =>
        text(await askAnyUdp(at, query(`${question} +rd`), patienceMs));
      const isReady = async (at: DnsAddress) =>
        (await asked(at, "web.service.consul. IN A", 200)).includes(" 10.0.0.2");
      const forwarder = await startForwarder(t, name, agent.address, isReady, undefined, "consul-names.md");

      const web = await asked(forwarder, "web.service.consul. IN A");
      assert.match(web, /NOERROR/);
      assert.ok(web.includes(" 10.0.0.1") && web.includes(" 10.0.0.2"), web);
      assert.match(await asked(forwarder, "_web._tcp.service.consul. IN SRV"), / SRV 1 1 81 /);
      assert.match(await asked(forwarder, "n1.node.consul. IN A"), / IN A 10\.0\.0\.77/);
      assert.match(await asked(forwarder, "none.service.consul. IN A"), /^;; NXDOMAIN/);
      assert.ok(consul.asked.length >= 2);

      const { replies } = await askTcp(
        forwarder,
        [framed(query("many.service.consul. IN A +rd"))],
        1,
        PATIENCE_MS,
      );
      assert.equal(text(replies[0]).match(/ IN A 10\./g)?.length, 300);
    });
  }
});
