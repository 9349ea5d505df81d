/** What takes queries over UDP: as configured, and told over HTTP. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { startedAgent } from "../support/agent-in-process.ts";
import { ask } from "../support/http-client.ts";
import { askUdp } from "../views/dns/dns-client.ts";
import { LISTENERS } from "../views/dns/udp-listeners.ts";
import { query, text } from "../views/dns/zone-text.ts";

suite("the listener of DNS", () => {
  for (const listener of LISTENERS) {
    test(`${listener} is taken from the configuration, and /v1/agent/self says what it came to`, async (t) => {
      const pools = { web: { servers: ["127.0.0.1:80"], ping: "none", backups: null } };
      const { dns, http, logger } = await startedAgent(t, { dns: { listener }, pools });
      const self = (await ask(http, "/v1/agent/self")).json() as { readonly dns: object };
      assert.deepEqual(
        { ...self.dns, addresses: undefined },
        {
          state: "serving",
          addresses: undefined,
          domain: "headwaiter.internal",
          listener: listener === "auto" ? "batched" : "dns2",
        },
      );
      assert.match(text(await askUdp(dns, query("web.headwaiter.internal. IN A"))), /127\.0\.0\.1$/);
      assert.deepEqual(
        logger.lines.filter(({ message }) => message.startsWith("queries over UDP")),
        [],
      );
    });
  }
});
