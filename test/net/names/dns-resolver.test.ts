import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { a, aaaa, cname, reply, type Script, TYPE, zoneScript } from "../../support/scripted-nameserver.ts";
import { failsWith, nameserver, resolverAt, resolveWith, V6, ZONE } from "./resolving.ts";

suite("answers", () => {
  test("both families are asked for, IPv4 comes first", async () => {
    const server = await nameserver(zoneScript(ZONE));
    const found = await resolverAt([server]).resolve("db.example");
    assert.deepEqual(found, { addresses: ["10.0.0.5", "2001:db8::5"], ttlSeconds: 60 });
    assert.deepEqual(server.asked.map(({ type }) => type).sort(), [TYPE.A, TYPE.AAAA]);
  });

  test("a question is recursive, has no OPT, and its IDs differ", async () => {
    const server = await nameserver(zoneScript(ZONE));
    for (let i = 0; i < 5; i++) {
      await resolverAt([server]).resolve("db.example");
    }
    for (const { bytes } of server.asked) {
      assert.equal(bytes.readUInt16BE(2), 0x0100);
      assert.deepEqual(
        [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at)),
        [1, 0, 0, 0],
      );
    }
    assert.ok(new Set(server.asked.map(({ id }) => id)).size > 5);
  });

  test("both questions are on the way at the same time", async () => {
    const waiting: (() => void)[] = [];
    const script: Script = (asked, send, sender) => {
      waiting.push(() => {
        zoneScript(ZONE)(asked, send, sender);
      });
      if (waiting.length === 2) {
        waiting.splice(0).forEach((answer) => {
          answer();
        });
      }
    };
    assert.equal((await resolveWith(script)).addresses.length, 2);
  });

  test("a name of one family resolves", async () => {
    assert.deepEqual((await resolveWith(zoneScript(ZONE), "four.example")).addresses, ["10.0.0.4"]);
    assert.deepEqual((await resolveWith(zoneScript(ZONE), "six.example")).addresses, ["2001:db8::5"]);
  });

  for (const rcode of [2, 3, 5]) {
    test(`one family failing with response code ${rcode} does not fail the other`, async () => {
      const script: Script = (asked, send, sender) => {
        if (asked.type === TYPE.AAAA) {
          send(reply(asked, { rcode }));
        } else {
          zoneScript(ZONE)(asked, send, sender);
        }
      };
      assert.deepEqual((await resolveWith(script)).addresses, ["10.0.0.5"]);
    });
  }

  test("one family that is never answered does not fail the other", async () => {
    const script: Script = (asked, send) => {
      if (asked.type === TYPE.A) {
        send(reply(asked, { records: [a("db.example", "10.0.0.5")] }));
      }
    };
    assert.deepEqual((await resolveWith(script, "db.example", { timeoutMs: 400 })).addresses, ["10.0.0.5"]);
  });

  test("a name without addresses is no missing name", async () => {
    await assert.rejects(resolveWith(zoneScript(ZONE), "text.example"), failsWith("no-address"));
    await assert.rejects(
      resolveWith(zoneScript(ZONE), "gone.example"),
      failsWith("no-such-name", /^name "gone.example": /),
    );
  });

  test("one family that has no data outweighs the other that says the name is missing", async () => {
    const script: Script = (asked, send) => {
      send(reply(asked, { rcode: asked.type === TYPE.A ? 3 : 0 }));
    };
    await assert.rejects(resolveWith(script), failsWith("no-address"));
  });

  test("a failed nameserver outweighs the other family's empty answer: the name may have addresses", async () => {
    const script: Script = (asked, send) => {
      send(reply(asked, { rcode: asked.type === TYPE.A ? 2 : 0 }));
    };
    await assert.rejects(resolveWith(script), failsWith("server-failure"));
  });

  test("the TTL is the least of the records used; others do not count", async () => {
    const zone = {
      "db.example": [
        cname("db.example", "real.example", 40),
        a("other.example", "10.9.9.9", 1),
        a("real.example", "10.0.0.5", 50),
        a("real.example", "10.0.0.6", 45),
      ],
    };
    const script: Script = (asked, send) => {
      send(reply(asked, asked.type === TYPE.A ? { records: zone["db.example"] } : {}));
    };
    assert.deepEqual(await resolveWith(script), { addresses: ["10.0.0.5", "10.0.0.6"], ttlSeconds: 40 });
  });

  test("the shorter TTL of the two families counts, 0 too", async () => {
    const ttls = (ttl4: number, ttl6: number) =>
      zoneScript({ "db.example": [a("db.example", "10.0.0.5", ttl4), aaaa("db.example", V6, ttl6)] });
    assert.equal((await resolveWith(ttls(30, 20))).ttlSeconds, 20);
    assert.equal((await resolveWith(ttls(0, 20))).ttlSeconds, 0);
  });

  test("an answer whose name differs in case is ours; the same address twice is one", async () => {
    const script: Script = (asked, send) => {
      const echoed = Buffer.from(asked.bytes);
      echoed.write("DB", 13, "latin1");
      const records = [a("DB.Example", "10.0.0.5"), a("db.EXAMPLE", "10.0.0.5")];
      send(reply({ ...asked, bytes: echoed }, asked.type === TYPE.A ? { records } : {}));
    };
    assert.deepEqual((await resolveWith(script)).addresses, ["10.0.0.5"]);
  });

  test("a nameserver on IPv6 loopback, asked by UDP and TCP", async () => {
    const script: Script = (asked, send) => {
      send(reply(asked, { truncated: asked.transport === "udp", records: [a("db.example", "10.0.0.6")] }));
    };
    const server = await nameserver(script, "::1");
    assert.match(server.text, /^\[::1\]:\d+$/);
    assert.deepEqual((await resolverAt([server]).resolve("db.example")).addresses, ["10.0.0.6"]);
    assert.deepEqual(new Set(server.asked.map(({ transport }) => transport)), new Set(["udp", "tcp"]));
  });
});

suite("aliases", () => {
  test("a chain in one answer is followed in any order of records", async () => {
    const records = [
      a("c.example", "10.0.0.3"),
      cname("b.example", "c.example"),
      cname("db.example", "b.example"),
    ];
    const script: Script = (asked, send) => {
      send(reply(asked, asked.type === TYPE.A ? { records } : { records: records.slice(1) }));
    };
    assert.deepEqual((await resolveWith(script)).addresses, ["10.0.0.3"]);
  });

  test("an alias whose target the nameserver left out is asked for", async () => {
    const zone = {
      "db.example": [cname("db.example", "b.example", 9)],
      "b.example": [cname("b.example", "four.example", 30)],
      ...{ "four.example": ZONE["four.example"] },
    };
    assert.deepEqual(await resolveWith(zoneScript(zone)), { addresses: ["10.0.0.4"], ttlSeconds: 9 });
  });

  test("a target that does not exist is a missing name", async () => {
    const zone = { "db.example": [cname("db.example", "gone.example")] };
    await assert.rejects(resolveWith(zoneScript(zone)), failsWith("no-such-name"));
  });

  test("a loop ends, within one answer and across answers", async () => {
    const one = { "db.example": [cname("db.example", "b.example"), cname("b.example", "db.example")] };
    await assert.rejects(resolveWith(zoneScript(one)), failsWith("alias-loop"));
    const two = {
      "db.example": [cname("db.example", "b.example")],
      "b.example": [cname("b.example", "db.example")],
    };
    const server = await nameserver(zoneScript(two));
    await assert.rejects(resolverAt([server]).resolve("db.example"), failsWith("alias-loop"));
    assert.ok(server.asked.length <= 2 * 17, `${server.asked.length} questions`);
  });

  test("16 aliases are followed, 17 are not", async () => {
    const chain = (links: number) => {
      const names = ["db.example", ...Array.from({ length: links }, (_, link) => `n${link}.example`)];
      const aliases = names.slice(1).map((target, link) => cname(names[link] ?? "", target));
      return zoneScript({ "db.example": [...aliases, a(names.at(-1) ?? "", "10.0.0.7")] });
    };
    assert.deepEqual((await resolveWith(chain(16))).addresses, ["10.0.0.7"]);
    await assert.rejects(resolveWith(chain(17)), failsWith("alias-loop"));
  });
});
