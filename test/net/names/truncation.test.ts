import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { suite, test } from "node:test";
import { until } from "../../../scripts/lab/until.ts";
import type { ResolveErrorCode } from "../../../src/net/names/resolve-error.ts";
import { a, reply, type Script, TYPE, zoneScript } from "../../support/scripted-nameserver.ts";
import { failsWith, nameserver, resolverAt, resolveWith, silence, ZONE } from "./resolving.ts";

suite("truncation", () => {
  const truncatedOverUdp =
    (overTcp: Script): Script =>
    (asked, send, sender) => {
      if (asked.transport === "udp") {
        send(reply(asked, { truncated: true, records: [a("db.example", "6.6.6.6")] }));
      } else {
        overTcp(asked, send, sender);
      }
    };

  test("the whole answer comes by TCP", async () => {
    const many = Array.from({ length: 100 }, (_, i) => a("db.example", `10.0.1.${i}`));
    const script = truncatedOverUdp((asked, send) => {
      send(reply(asked, asked.type === TYPE.A ? { records: many } : {}));
    });
    const { addresses } = await resolveWith(script);
    assert.equal(addresses.length, 100);
    assert.ok(!addresses.includes("6.6.6.6"));
  });

  test("byte by byte over TCP", async () => {
    const script = truncatedOverUdp((asked, _send, { tcp }) => {
      const answer = reply(asked, { records: asked.type === TYPE.A ? [a("db.example", "10.0.0.5")] : [] });
      tcp?.setNoDelay(true);
      const bytes = [0, answer.length, ...answer];
      const next = (at: number) => {
        const byte = bytes[at];
        if (byte !== undefined) {
          tcp?.write(Buffer.from([byte]), () => setImmediate(next, at + 1));
        }
      };
      next(0);
    });
    assert.deepEqual((await resolveWith(script)).addresses, ["10.0.0.5"]);
  });

  const failures: Record<string, { overTcp: Script; code: ResolveErrorCode; timeoutMs: number }> = {
    "silent after accepting": { overTcp: silence, code: "timeout", timeoutMs: 400 },
    "silent after half an answer": {
      overTcp: (asked, _send, { tcp }) => tcp?.write(Buffer.from([0, 40, ...reply(asked).subarray(0, 9)])),
      code: "timeout",
      timeoutMs: 400,
    },
    "closed before answering": {
      overTcp: (_asked, _send, { tcp }) => tcp?.end(),
      code: "unreachable",
      timeoutMs: 60_000,
    },
    "reset before answering": {
      overTcp: (_asked, _send, { tcp }) => tcp?.resetAndDestroy(),
      code: "unreachable",
      timeoutMs: 60_000,
    },
    "a length of 65,535": {
      overTcp: (_asked, _send, { tcp }) => tcp?.write(Buffer.from([0xff, 0xff])),
      code: "malformed-answer",
      timeoutMs: 60_000,
    },
    "a length of 0": {
      overTcp: (_asked, send) => {
        send(Buffer.alloc(0));
      },
      code: "malformed-answer",
      timeoutMs: 60_000,
    },
    "truncated again": {
      overTcp: (asked, send) => {
        send(reply(asked, { truncated: true }));
      },
      code: "malformed-answer",
      timeoutMs: 60_000,
    },
  };
  for (const [what, { overTcp, code, timeoutMs }] of Object.entries(failures)) {
    test(`TCP ${what}: this nameserver fails, the next answers, no connection stays`, async () => {
      const first = await nameserver(truncatedOverUdp(overTcp));
      await assert.rejects(resolverAt([first], { timeoutMs }).resolve("db.example"), failsWith(code));
      const second = await nameserver(zoneScript(ZONE));
      const found = await resolverAt([first, second], { timeoutMs }).resolve("db.example");
      assert.equal(found.addresses.length, 2);
      await until(() => first.connections === 0, "connections closed");
    });
  }

  test("TCP port closed: unreachable at once", async () => {
    const udp = createSocket("udp4");
    udp.bind(0, "127.0.0.1");
    await once(udp, "listening");
    udp.on("message", (bytes, { port }) => {
      const answer = Buffer.from(bytes);
      answer.writeUInt16BE(0x8380, 2);
      udp.send(answer, port, "127.0.0.1");
    });
    const resolver = resolverAt([], { nameservers: [`127.0.0.1:${udp.address().port}`], timeoutMs: 60_000 });
    await assert.rejects(resolver.resolve("db.example"), failsWith("unreachable", /ECONNREFUSED/));
    udp.close();
  });
});
