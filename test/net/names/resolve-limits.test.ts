import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { until } from "../../../scripts/lab/until.ts";
import { DnsResolver } from "../../../src/net/names/dns-resolver.ts";
import { ResolveError } from "../../../src/net/names/resolve-error.ts";
import { reply, type Script, zoneScript } from "../../support/scripted-nameserver.ts";
import { failsWith, nameserver, resolverAt, silence, ZONE } from "./resolving.ts";

suite("names and signals", () => {
  for (const host of [
    "",
    ".",
    "a..b",
    "ä.example",
    "a b",
    `${"x".repeat(64)}.example`,
    `${"x.".repeat(127)}x`,
  ]) {
    test(`${JSON.stringify(host).slice(0, 20)} is refused without a question`, async () => {
      const server = await nameserver(silence);
      await assert.rejects(resolverAt([server]).resolve(host), failsWith("name-invalid"));
      assert.equal(server.asked.length, 0);
    });
  }

  for (const text of ["dns.example", "10.0.0.256", "", "::1:53:", "10.0.0.1:0", "[::1"]) {
    test(`${JSON.stringify(text)} is no nameserver`, () => {
      assert.throws(
        () => new DnsResolver({ nameservers: [text] }),
        (error) =>
          error instanceof ResolveError &&
          error.code === "nameserver-invalid" &&
          error.message.includes(text),
      );
    });
  }

  test("an abort ends a resolve at once, over UDP and over TCP, and asks nobody else", async () => {
    for (const transport of ["udp", "tcp"]) {
      const controller = new AbortController();
      const first = await nameserver((asked, send) => {
        if (asked.transport === transport) {
          controller.abort(new Error("enough"));
        } else {
          send(reply(asked, { truncated: true }));
        }
      });
      const second = await nameserver(zoneScript(ZONE));
      const resolver = resolverAt([first, second], { timeoutMs: 60_000 });
      await assert.rejects(
        resolver.resolve("db.example", controller.signal),
        (error) =>
          failsWith("aborted", /^name "db.example": aborted$/)(error) &&
          (error as Error).cause instanceof Error,
      );
      assert.equal(second.asked.length, 0);
    }
  });

  test("a signal that is already aborted: nothing is asked", async () => {
    const server = await nameserver(silence);
    await assert.rejects(
      resolverAt([server]).resolve("db.example", AbortSignal.abort()),
      failsWith("aborted"),
    );
    assert.equal(server.asked.length, 0);
  });

  test("no socket or timer stays, however a resolve ends", async () => {
    const open = () =>
      process
        .getActiveResourcesInfo()
        .filter((kind) => /udp|tcpsocket|tcpwrap|tcpconnect|timeout/i.test(kind))
        .sort();
    const scripts: Record<string, Script> = {
      answers: zoneScript(ZONE),
      silence,
      refuses: (asked, send) => {
        send(reply(asked, { rcode: 5 }));
      },
      truncates: (asked, send) => {
        send(reply(asked, { truncated: true }));
      },
    };
    for (const [what, script] of Object.entries(scripts)) {
      const server = await nameserver(script);
      const before = open();
      const signal = what === "silence" ? AbortSignal.abort() : undefined;
      await resolverAt([server], { timeoutMs: 50 })
        .resolve("db.example")
        .catch(() => undefined);
      await resolverAt([server], { timeoutMs: 50 })
        .resolve("db.example", signal)
        .catch(() => undefined);
      await until(() => server.connections === 0, "connections closed");
      await until(() => open().length <= before.length, `${what}: ${open().join()} is ${before.join()}`);
    }
  });
});
