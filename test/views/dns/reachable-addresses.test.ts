import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { describe, test } from "node:test";
import { reachableAddresses } from "../../../src/views/dns/zone/reachable-addresses.ts";
import { askUdp } from "./dns-client.ts";
import { serving } from "./serving.ts";
import { query, text } from "./zone-text.ts";

describe("the addresses of the name server", () => {
  test("each address once, however it is spelled and whatever the ports", () => {
    const hosts = ["127.0.0.1", "::1", "127.0.0.1", "0:0:0:0:0:0:0:1", "2001:DB8::0"];
    assert.deepEqual(reachableAddresses(hosts), ["127.0.0.1", "::1", "2001:db8::"]);
  });

  test("an address with a scope is no use to others", () => {
    assert.deepEqual(reachableAddresses(["fe80::1%lo", "127.0.0.2"]), ["127.0.0.2"]);
  });

  for (const [family, ...spellings] of [
    ["IPv4", "0.0.0.0"],
    ["IPv6", "::", "::0", "0:0:0:0:0:0:0:0", "0::"],
  ] as const) {
    for (const spelling of spellings) {
      test(`${spelling}: the machine's own of ${family}`, () => {
        const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
        const known = new Set(own.filter((each) => each.family === family).map(({ address }) => address));
        assert.ok(known.size > 0);
        const reachable = reachableAddresses([spelling]);
        assert.ok(reachable.length > 0);
        assert.deepEqual(
          reachable.filter((address) => !known.has(address)),
          [],
        );
        // One of its addresses beside "all of them" is no second one.
        assert.deepEqual(reachableAddresses([spelling, ...reachable]), reachable);
      });
    }
  }

  test("two ports of one address are one record of ns", async (t) => {
    const listen = [1, 2].map(() => ({ host: "127.0.0.1", port: 0 }));
    const { address } = await serving(t, {}, { listen });
    const asked = "ns.headwaiter.internal. IN A";
    assert.equal(
      text(await askUdp(address, query(asked))),
      `;; NOERROR qr aa\n? ${asked}\n;; ANSWER\nns.headwaiter.internal. 300 IN A 127.0.0.1`,
    );
  });
});
