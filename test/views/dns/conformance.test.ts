/** Every row of the conformance table, over UDP and TCP, against a running server. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { DnsServer } from "../../../src/views/dns/dns-server.ts";
import type { DnsAddress } from "../../../src/views/dns/thread-messages.ts";
import { ROWS } from "./conformance-rows.ts";
import { askTcp, askUdp, framed } from "./dns-client.ts";
import { pool } from "./pools.ts";
import { started } from "./serving.ts";
import { LISTENERS } from "./udp-listeners.ts";
import { query, text } from "./zone-text.ts";

for (const listener of LISTENERS) {
  describe(`conformance, listener ${listener}`, () => {
    let dns: DnsServer;
    let address: DnsAddress;
    before(async () => {
      ({ dns, address } = await started(
        {
          nomad: pool("live", [
            "10.0.0.1:4647",
            "db.example:4648=10.0.0.5,2001:db8::5",
            "[2001:db8::1]:4649",
          ]),
          six: pool("live", ["[::1]:4647"]),
          named: pool("live", ["DB.example.:4647=10.0.0.5,10.0.0.6,2001:db8::5"]),
          old: pool("stale", ["10.9.9.9:4647"]),
          cold: pool("empty", []),
          emptied: pool("live", []),
        },
        { listener },
      ));
      assert.equal(dns.listener(), listener === "auto" ? "batched" : "dns2");
    });
    after(() => dns.stop());

    for (const { about, ask, expect, overTcp } of ROWS) {
      test(`${about}: ${ask}`, async () => {
        assert.equal(text(await askUdp(address, query(ask))), expect);
        const { replies } = await askTcp(address, [framed(query(ask))]);
        assert.equal(text(replies[0]), overTcp ?? expect);
      });
    }
  });
}
