import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { LastAddresses } from "../../../src/net/names/last-addresses.ts";
import { reply, type Script, TYPE, zoneScript } from "../../support/scripted-nameserver.ts";
import { failsWith, nameserver, resolverAt, ZONE } from "./resolving.ts";

/** Answers from the zone, but says `rcode` to questions of this type, or nothing at all, once told to. */
function failing(type: number): {
  readonly script: Script;
  fail: (rcode: number | "silence" | "none") => void;
} {
  let how: number | "silence" | "none" = "none";
  const script: Script = (asked, send, sender) => {
    if (how === "none" || asked.type !== type) {
      zoneScript(ZONE)(asked, send, sender);
    } else if (how !== "silence") {
      send(reply(asked, { rcode: how }));
    }
  };
  return {
    script,
    fail: (next) => {
      how = next;
    },
  };
}

suite("a family that nobody answers for", () => {
  for (const [what, type, rcode] of [
    ["IPv4, refused by the nameserver", TYPE.A, 5],
    ["IPv6, failed by the nameserver", TYPE.AAAA, 2],
    ["IPv6, lost", TYPE.AAAA, "silence"],
  ] as const) {
    test(`keeps its last addresses, and is asked again soon: ${what}`, async () => {
      const { script, fail } = failing(type);
      const resolver = resolverAt([await nameserver(script)], { timeoutMs: 300 });
      const both = ["10.0.0.5", "2001:db8::5"];
      assert.deepEqual(await resolver.resolve("db.example"), { addresses: both, ttlSeconds: 60 });
      fail(rcode);
      assert.deepEqual(await resolver.resolve("db.example"), { addresses: both, ttlSeconds: 30 });
      fail("none");
      assert.deepEqual(await resolver.resolve("db.example"), { addresses: both, ttlSeconds: 60 });
    });
  }

  test("is asked again soon, too, when it never had an answer", async () => {
    const { script, fail } = failing(TYPE.A);
    const resolver = resolverAt([await nameserver(script)]);
    fail(2);
    const six = { addresses: ["2001:db8::5"], ttlSeconds: 30 };
    assert.deepEqual(await resolver.resolve("db.example"), six);
    fail("none");
    const both = { addresses: ["10.0.0.5", "2001:db8::5"], ttlSeconds: 60 };
    assert.deepEqual(await resolver.resolve("db.example"), both);
  });

  test("does not keep the other one waiting for its own timeouts", async () => {
    const { script, fail } = failing(TYPE.AAAA);
    const resolver = resolverAt([await nameserver(script)], { timeoutMs: 600_000 });
    fail("silence");
    const four = { addresses: ["10.0.0.5"], ttlSeconds: 30 };
    assert.deepEqual(await resolver.resolve("db.example"), four);
  });

  test("loses them by an answer that there are none, for good", async () => {
    const { script, fail } = failing(TYPE.AAAA);
    const resolver = resolverAt([await nameserver(script)]);
    await resolver.resolve("db.example");
    fail(0);
    assert.deepEqual(await resolver.resolve("db.example"), { addresses: ["10.0.0.5"], ttlSeconds: 60 });
    fail(2);
    assert.deepEqual((await resolver.resolve("db.example")).addresses, ["10.0.0.5"]);
  });

  test("has no part in an answer of which there is none: then the caller keeps what it has", async () => {
    const { script, fail } = failing(TYPE.AAAA);
    const resolver = resolverAt([await nameserver(script)]);
    await resolver.resolve("six.example");
    fail(2);
    await assert.rejects(resolver.resolve("six.example"), failsWith("server-failure"));
  });

  test("of more names than a fleet has, the oldest are forgotten", () => {
    const last = new LastAddresses();
    for (let name = 0; name <= 20_000; name++) {
      last.remember(`${name}.example`, "ipv4", ["10.0.0.1"]);
    }
    assert.deepEqual(last.of("0.example", "ipv4"), []);
    assert.deepEqual(last.of("1.example", "ipv4"), ["10.0.0.1"]);
    assert.deepEqual(last.of("1.example", "ipv6"), []);
  });
});
