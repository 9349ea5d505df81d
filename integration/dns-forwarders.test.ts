/** A cold question through each forwarder, by the recipe of docs/dns.md: no failure of it outlives the cold. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { until as come, untilSeen } from "../scripts/lab/until.ts";
import type { DnsAddress } from "../src/views/dns/thread-messages.ts";
import { askAnyUdp } from "../test/views/dns/dns-client.ts";
import { pool } from "../test/views/dns/pools.ts";
import { type Serving, serving } from "../test/views/dns/serving.ts";
import { query, text } from "../test/views/dns/zone-text.ts";
import { FORWARDERS, type ForwarderName, startForwarder } from "./support/forwarders.ts";

before(() => {
  const script = fileURLToPath(new URL("../scripts/dns-peers", import.meta.url));
  execFileSync(script, ["forwarders"], { stdio: "inherit" });
});

const SRV = query("_nomad._tcp.headwaiter.internal. IN SRV +rd");

/** As long as the most patient stub resolvers wait. */
const PATIENCE_MS = 5_000;

/** Room for a busy machine: the forwarders that keep a failure by default keep it for 5 to 60 s. */
const KEPT_MS = 3_000;

async function answer(forwarder: DnsAddress, patienceMs = PATIENCE_MS): Promise<string> {
  return text(await askAnyUdp(forwarder, SRV, patienceMs));
}

/** Resolves when the agent answers from this list; empty: the pool is starting. */
async function know({ dns, address }: Serving, ...servers: readonly string[]): Promise<void> {
  const before = await turn(address);
  const next = before === "10.0.0.8" ? "10.0.0.9" : "10.0.0.8";
  const nomad = pool(servers.length === 0 ? "starting" : "live", servers);
  dns.update(
    new Map([
      ["nomad", nomad],
      ["turn", pool("live", [`${next}:1`])],
    ]),
  );
  await come(async () => (await turn(address)) === next);
}

async function turn(agent: DnsAddress): Promise<string | undefined> {
  const reply = await askAnyUdp(agent, query("turn.headwaiter.internal. IN A"), PATIENCE_MS);
  return / IN A (\S+)$/.exec(text(reply))?.[1];
}

describe("a pool that is starting, asked through", () => {
  for (const name of Object.keys(FORWARDERS) as ForwarderName[]) {
    test(name, async (t) => {
      const agent = await serving(t, { nomad: pool("live", ["10.0.0.1:4647"]) });
      const forwarder = await startForwarder(t, name, agent.address, async (at) =>
        (await answer(at, 200)).includes(" 10-0-0-1."),
      );
      const waited = () => agent.dns.counters().events.waited;

      await know(agent);
      const before = waited();
      // knot-resolver keeps an answer with TTL 0 for the rest of the second.
      let reply: Promise<string>;
      do {
        let isAnswered = false;
        reply = answer(forwarder).finally(() => {
          isAnswered = true;
        });
        await come(() => isAnswered || waited() > before);
      } while (waited() === before);
      await know(agent, "10.0.0.2:4647");
      assert.match(await reply, / SRV 0 1 4647 10-0-0-2\./, "the first question has the first server");

      await know(agent);
      await come(async () => (await answer(forwarder)).startsWith(";; SERVFAIL"));
      await know(agent, "10.0.0.3:4647");
      const tookMs = await untilSeen(
        "the failure is forgotten",
        KEPT_MS,
        () => answer(forwarder),
        (seen) => seen.includes(" 10-0-0-3."),
      );
      t.diagnostic(`right ${Math.round(tookMs)} ms after the server was known`);
    });
  }
});
