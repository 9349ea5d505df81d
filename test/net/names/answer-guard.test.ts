import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { suite, test } from "node:test";
import { a, record, reply, type Script, TYPE, zoneScript } from "../../support/scripted-nameserver.ts";
import { failsWith, nameserver, resolverAt, resolveWith, ZONE } from "./resolving.ts";

suite("the guard", () => {
  const forgeries: Record<string, (answer: Buffer) => Buffer> = {
    "a wrong ID": (answer) => {
      answer.writeUInt16BE(answer.readUInt16BE(0) ^ 1, 0);
      return answer;
    },
    "QR = 0": (answer) => {
      answer.writeUInt8(answer.readUInt8(2) & 0x7f, 2);
      return answer;
    },
    "another opcode": (answer) => {
      answer.writeUInt8(answer.readUInt8(2) | 0x10, 2);
      return answer;
    },
    "another name": (answer) => {
      answer.write("dc", 13, "latin1");
      return answer;
    },
    "another type": (answer) => {
      answer.writeUInt16BE(TYPE.TXT, 24);
      return answer;
    },
    "another class": (answer) => {
      answer.writeUInt16BE(3, 26);
      return answer;
    },
    "no question": (answer) => {
      answer.writeUInt16BE(0, 4);
      return answer;
    },
    "two questions": (answer) => {
      answer.writeUInt16BE(2, 4);
      return answer;
    },
    "a cut header": (answer) => answer.subarray(0, 11),
    "no byte at all": () => Buffer.alloc(0),
    "more than 1,232 bytes": (answer) => Buffer.concat([answer, Buffer.alloc(1_233)]),
  };
  const forged = (asked: Parameters<Script>[0]) => reply(asked, { records: [a("db.example", "6.6.6.6")] });

  for (const [what, forge] of Object.entries(forgeries)) {
    test(`a datagram with ${what} is ignored; the answer after it counts`, async () => {
      const script: Script = (asked, send, sender) => {
        send(forge(forged(asked)));
        zoneScript(ZONE)(asked, send, sender);
      };
      assert.deepEqual((await resolveWith(script, "db.example")).addresses, ["10.0.0.5", "2001:db8::5"]);
    });

    test(`datagrams with ${what} alone end at the deadline`, async () => {
      const script: Script = (asked, send) => {
        send(forge(forged(asked)));
      };
      await assert.rejects(
        resolveWith(script, "db.example", { timeoutMs: 60 }),
        failsWith("timeout", /within 60 ms/),
      );
    });
  }

  for (const from of ["another port", "another address"]) {
    test(`a perfect answer from ${from} is ignored`, async () => {
      const spoofer = createSocket("udp4");
      spoofer.bind(0, from === "another port" ? "127.0.0.1" : "127.0.0.2");
      await once(spoofer, "listening");
      let spoofed = 0;
      const script: Script = (asked, send, { remote }) => {
        spoofer.send(forged(asked), remote?.port ?? 0, "127.0.0.1", () => {
          spoofed += 1;
          send(reply(asked, { records: asked.type === TYPE.A ? [a("db.example", "10.0.0.5")] : [] }));
        });
      };
      try {
        assert.deepEqual((await resolveWith(script)).addresses, ["10.0.0.5"]);
        assert.equal(spoofed, 2);
      } finally {
        spoofer.close();
      }
    });
  }

  test("over TCP a forged answer ends the try", async () => {
    for (const forge of ["a wrong ID", "QR = 0", "another name"]) {
      const script: Script = (asked, send) => {
        const answer = forged(asked);
        send(
          asked.transport === "udp"
            ? reply(asked, { truncated: true })
            : (forgeries[forge]?.(answer) ?? answer),
        );
      };
      await assert.rejects(resolveWith(script), failsWith("malformed-answer", /another question/));
    }
  });
});

suite("malformed answers", () => {
  const malformed: Record<string, (asked: Parameters<Script>[0]) => Buffer> = {
    "a record cut in the middle": (asked) => forA(asked, [a("db.example", "10.0.0.5")]).subarray(0, -3),
    "fewer records than announced": (asked) => {
      const answer = forA(asked, [a("db.example", "10.0.0.5")]);
      answer.writeUInt16BE(2, 6);
      return answer;
    },
    "65,535 records announced": (asked) => {
      const answer = forA(asked, []);
      answer.writeUInt16BE(65_535, 6);
      return answer;
    },
    "an A record of 3 bytes": (asked) =>
      forA(asked, [record("db.example", TYPE.A, 60, Buffer.from([10, 0, 0]))]),
    "an A record of 5 bytes": (asked) => forA(asked, [record("db.example", TYPE.A, 60, Buffer.alloc(5))]),
    "an A record of 0 bytes": (asked) => forA(asked, [record("db.example", TYPE.A, 60, Buffer.alloc(0))]),
    "an AAAA record of 15 bytes": (asked) =>
      forA(asked, [record("db.example", TYPE.AAAA, 60, Buffer.alloc(15))]),
    "a name that points to itself": (asked) => {
      const at = asked.bytes.length;
      const loop = Buffer.from([0xc0 | (at >> 8), at & 0xff]);
      return forA(asked, [Buffer.concat([loop, a("", "10.0.0.5").subarray(1)])]);
    },
    "a label of 64": (asked) => forA(asked, [Buffer.concat([Buffer.from([64]), Buffer.alloc(80, 97)])]),
  };
  const forA = (asked: Parameters<Script>[0], records: readonly Buffer[]) => reply(asked, { records });

  for (const [what, answer] of Object.entries(malformed)) {
    test(`${what}: fails at once, and the next nameserver is asked`, async () => {
      const script: Script = (asked, send) => {
        send(answer(asked));
      };
      await assert.rejects(
        resolveWith(script, "db.example", { timeoutMs: 60_000 }),
        failsWith("malformed-answer"),
      );
      const [broken, good] = [await nameserver(script), await nameserver(zoneScript(ZONE))];
      const found = await resolverAt([broken, good], { timeoutMs: 60_000 }).resolve("db.example");
      assert.equal(found.addresses.length, 2);
    });
  }

  test("authority and additional sections are not read, whatever they hold", async () => {
    const script: Script = (asked, send) => {
      const answer = reply(asked, { records: asked.type === TYPE.A ? [a("db.example", "10.0.0.5")] : [] });
      answer.writeUInt16BE(65_535, 8);
      answer.writeUInt16BE(65_535, 10);
      send(Buffer.concat([answer, Buffer.alloc(300, 0xc0)]));
    };
    assert.deepEqual((await resolveWith(script)).addresses, ["10.0.0.5"]);
  });

  test("records of another class or owner are not used", async () => {
    const chaos = a("db.example", "6.6.6.6");
    chaos.writeUInt16BE(3, 14);
    const script: Script = (asked, send) => {
      send(reply(asked, { records: [chaos, a("evil.example", "6.6.6.6"), a("db.example", "10.0.0.5")] }));
    };
    assert.deepEqual((await resolveWith(script)).addresses, ["10.0.0.5"]);
  });
});
