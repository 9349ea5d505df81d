/** unbound by the recipe that docs/dns.md prints, and what it asks the agent on the way. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { decode } from "dns-packet";
import { until } from "../scripts/lab/until.ts";
import type { DnsAddress } from "../src/views/dns/thread-messages.ts";
import { askAnyUdp } from "../test/views/dns/dns-client.ts";
import { pool } from "../test/views/dns/pools.ts";
import { serving } from "../test/views/dns/serving.ts";
import { query, text } from "../test/views/dns/zone-text.ts";
import { startForwarder } from "./support/forwarders.ts";
import { startUdpRelay } from "./support/udp-relay.ts";

before(() => {
  execFileSync(fileURLToPath(new URL("../scripts/dns-peers", import.meta.url)), { stdio: "inherit" });
});

async function answer(unbound: DnsAddress, question: string, patienceMs = 5000): Promise<string> {
  return text(await askAnyUdp(unbound, query(`${question} +rd`), patienceMs));
}

const SRV = "_nomad._tcp.headwaiter.internal. IN SRV";

async function resolves(unbound: DnsAddress): Promise<boolean> {
  return (await answer(unbound, SRV, 200)).includes(" SRV ");
}

describe("unbound", () => {
  test("resolves the zone by the recipe of docs/dns.md, with its default modules", async (t) => {
    const { dns, address } = await serving(t, { nomad: pool("live", ["10.0.0.1:4647"]) });
    const unbound = await startForwarder(t, "unbound", address, resolves);
    assert.match(await answer(unbound, SRV), /SRV 0 1 4647 10-0-0-1\.addr\.headwaiter\.internal\./);
    dns.update(new Map([["nomad", pool("live", ["10.0.0.2:4647"])]]));
    await until(async () => (await answer(unbound, SRV)).includes("10-0-0-2.addr."));
    assert.match(await answer(unbound, "nomad.headwaiter.internal. IN A"), /IN A 10\.0\.0\.2$/);
    assert.match(await answer(unbound, "10-0-0-2.addr.headwaiter.internal. IN A"), /IN A 10\.0\.0\.2$/);
    assert.match(await answer(unbound, "x.headwaiter.internal. IN A"), /^;; NXDOMAIN/);
  });

  test("sends minimised names in mixed case, and they are answered", async (t) => {
    const { address } = await serving(t, { nomad: pool("live", ["10.0.0.1:4647"]) });
    const relay = await startUdpRelay(t, address);
    const settings = ["use-caps-for-id: yes", "qname-minimisation: yes", "qname-minimisation-strict: yes"];
    const unbound = await startForwarder(t, "unbound", relay.address, resolves, (recipe) =>
      recipe.replace("server:\n", `server:\n${settings.map((setting) => `  ${setting}\n`).join("")}`),
    );
    assert.match(await answer(unbound, SRV), /^;; NOERROR[\s\S]* SRV 0 1 4647 /);
    const asked = relay.messages.flatMap((message) => decode(message).questions ?? []);
    const lower = asked.map(({ name, type }) => `${name.toLowerCase()} ${type}`);
    assert.ok(lower.includes("_tcp.headwaiter.internal A"), lower.join(", "));
    assert.ok(lower.includes("_nomad._tcp.headwaiter.internal SRV"), lower.join(", "));
    const mixed = asked.filter(({ name }) => /[A-Z]/.test(name) && /[a-z]/.test(name));
    // A name of thirty letters comes out in one case once in 2^29 times.
    assert.equal(mixed.length, asked.filter(({ name }) => name.length > 20).length);
  });
});
