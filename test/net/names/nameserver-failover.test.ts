import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { a, reply, zoneScript } from "../../support/scripted-nameserver.ts";
import { failsWith, nameserver, resolverAt, running, silence, ZONE } from "./resolving.ts";

suite("failover", () => {
  test("nameservers are asked in order; the next only when one fails", async () => {
    const first = await nameserver(zoneScript(ZONE));
    const second = await nameserver(silence);
    await resolverAt([first, second]).resolve("db.example");
    assert.equal(second.asked.length, 0);
  });

  for (const [what, rcode] of Object.entries({ SERVFAIL: 2, REFUSED: 5, NOTIMP: 4, FORMERR: 1 })) {
    test(`${what} goes to the next at once`, async () => {
      const first = await nameserver((asked, send) => {
        send(reply(asked, { rcode }));
      });
      const second = await nameserver(zoneScript(ZONE));
      const found = await resolverAt([first, second], { timeoutMs: 60_000 }).resolve("db.example");
      assert.equal(found.addresses.length, 2);
    });
  }

  test("silence goes to the next after the timeout, in parallel for both families", async () => {
    const [first, second] = [await nameserver(silence), await nameserver(zoneScript(ZONE))];
    const found = await resolverAt([first, second], { timeoutMs: 400 }).resolve("db.example");
    assert.equal(found.addresses.length, 2);
    assert.equal(first.asked.length, 2);
  });

  test("a closed port goes to the next at once", async () => {
    const closed = await nameserver(silence);
    await closed.stop();
    running.splice(running.indexOf(closed), 1);
    const second = await nameserver(zoneScript(ZONE));
    const found = await resolverAt([closed, second], { timeoutMs: 60_000 }).resolve("db.example");
    assert.equal(found.addresses.length, 2);
    await assert.rejects(
      resolverAt([closed], { timeoutMs: 60_000 }).resolve("db.example"),
      failsWith("unreachable"),
    );
  });

  test("a missing name is final, an empty answer too", async () => {
    const second = await nameserver(zoneScript({ "gone.example": [a("gone.example", "10.0.0.5")] }));
    const first = await nameserver(zoneScript(ZONE));
    await assert.rejects(resolverAt([first, second]).resolve("gone.example"), failsWith("no-such-name"));
    await assert.rejects(resolverAt([first, second]).resolve("text.example"), failsWith("no-address"));
    assert.equal(second.asked.length, 0);
  });

  test("a lost datagram is sent again in the next round, from another port with another ID", async () => {
    const ports = new Set<number>();
    let lost = 0;
    const server = await nameserver((asked, send, sender) => {
      ports.add(sender.remote?.port ?? 0);
      if (lost++ >= 2) {
        zoneScript(ZONE)(asked, send, sender);
      }
    });
    const found = await resolverAt([server], { timeoutMs: 400, attempts: 2 }).resolve("db.example");
    assert.equal(found.addresses.length, 2);
    assert.equal(server.asked.length, 4);
    assert.equal(ports.size, 4);
  });

  test("when all fail, each is named with its reason, and the number of tries is bounded", async () => {
    const mute = await nameserver(silence);
    const refusing = await nameserver((asked, send) => {
      send(reply(asked, { rcode: 5 }));
    });
    await assert.rejects(
      resolverAt([mute, refusing], { timeoutMs: 100, attempts: 3 }).resolve("db.example"),
      failsWith(
        "refused",
        new RegExp(`${mute.text}: no answer within 100 ms; nameserver ${refusing.text}: refused`),
      ),
    );
    assert.equal(mute.asked.length, 2 * 3);
    assert.equal(refusing.asked.length, 2 * 3);
  });

  test("a late answer to an earlier try is ignored", async () => {
    const held: (() => void)[] = [];
    const server = await nameserver((asked, send) => {
      const answer = reply(asked, { records: [a("db.example", held.length < 2 ? "6.6.6.6" : "10.0.0.5")] });
      held.push(() => {
        send(answer);
      });
      if (held.length >= 3) {
        held.forEach((late) => {
          late();
        });
      }
    });
    const found = await resolverAt([server], { timeoutMs: 400, attempts: 2 }).resolve("db.example");
    assert.deepEqual(found.addresses, ["10.0.0.5"]);
  });
});
