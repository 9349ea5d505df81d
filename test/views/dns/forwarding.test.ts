/** What lies under Consul's domain and is not ours: asked of Consul's DNS, here a scripted nameserver. */
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { until } from "../../../scripts/lab/until.ts";
import { Counters } from "../../../src/views/dns/counters.ts";
import { TableEncoder } from "../../../src/views/dns/table/table-encoder.ts";
import { Demand } from "../../../src/views/dns/thread/demand.ts";
import { Forwarder, MAX_FORWARDS } from "../../../src/views/dns/thread/forwarder.ts";
import { Responder } from "../../../src/views/dns/thread/responder.ts";
import type { DnsAddress } from "../../../src/views/dns/thread-messages.ts";
import { type Asked, a, record, ScriptedNameserver, type Send } from "../../support/scripted-nameserver.ts";
import { askAnyUdp, askTcp, framed } from "./dns-client.ts";
import { manyServers, pool } from "./pools.ts";
import { SETTINGS } from "./responding.ts";
import { serving } from "./serving.ts";
import { query, text, words } from "./zone-text.ts";

const OPT = Buffer.concat([Buffer.of(0), words(41, 1232, 0, 0, 0)]);

/** For a reply that never comes: far more than a forward takes. */
const PATIENCE_MS = 10_000;

function asked(address: DnsAddress, message: Uint8Array): Promise<Buffer | undefined> {
  return askAnyUdp(address, message, PATIENCE_MS);
}

/** A message with these records, and an OPT, as an answer to what was asked. */
function answered(question: Asked, answers: readonly Buffer[], flags = 0x8580): Buffer {
  const asked = question.bytes.subarray(12, 12 + question.name.length + 2 + 4);
  const header = words(question.id, flags, 1, answers.length, 0, 1);
  return Buffer.concat([header, asked, ...answers, OPT]);
}

async function forwarding(t: TestContext, script: (question: Asked, send: Send) => void) {
  const consul = await ScriptedNameserver.start(script);
  t.after(() => consul.stop());
  const web = { ...pool("live", ["10.0.0.1:80"]), service: { name: "web", tag: undefined } };
  const forwardTo = { address: consul.address, port: consul.port };
  const consulNames = { domain: "consul", datacenter: "dc1", answers: "all", forwardTo } as const;
  const { address, dns } = await serving(t, { web }, { consulNames });
  return { consul, consulNames, address, dns, events: () => dns.counters().events };
}

/** An A record whose owner points at the question. */
function pointing(ip: string): Buffer {
  return Buffer.concat([Buffer.of(0xc0, 12), a("", ip).subarray(1)]);
}

suite("a question that is forwarded", () => {
  test("is answered as Consul answers it, with the ID, the case and the EDNS of who asked", async (t) => {
    const { address, consul, events } = await forwarding(t, (question, send) => {
      send(answered(question, [pointing("10.0.0.7"), pointing("10.0.0.8")]));
    });
    const reply = text(await asked(address, query("Node-1.NODE.dc2.consul. IN A +rd")));
    assert.equal(
      reply,
      `;; NOERROR qr aa rd
? Node-1.NODE.dc2.consul. IN A
;; ANSWER
Node-1.NODE.dc2.consul. 60 IN A 10.0.0.7
Node-1.NODE.dc2.consul. 60 IN A 10.0.0.8`,
    );
    const withOpt = text(await asked(address, query("node.consul. IN A +edns=0 +do")));
    assert.match(withOpt, /^;; NOERROR qr aa\n;; EDNS 0 udp=1232 do\n/);
    assert.deepEqual(
      consul.asked.map(({ bytes, name, transport }) => [
        name,
        transport,
        bytes.readUInt16BE(2),
        bytes.length,
      ]),
      [
        ["Node-1.NODE.dc2.consul", "udp", 0x0100, 12 + 24 + 4 + 11],
        ["node.consul", "udp", 0, 12 + 13 + 4 + 11],
      ],
    );
    assert.equal(events().forwarded, 2);
  });

  test("is none of a name that is ours, of another domain, or of another class", async (t) => {
    const { address, consul } = await forwarding(t, () => undefined);
    for (const [question, status] of [
      ["web.service.consul. IN A", "NOERROR"],
      ["web.service.consul. IN TXT", "NOERROR"],
      ["0a000001.addr.consul. IN A", "NOERROR"],
      ["consul. IN SOA", "NOERROR"],
      ["_tcp.service.consul. IN A", "NOERROR"],
      ["consul.example. IN A", "REFUSED"],
      ["a.headwaiter.internal. IN A", "NXDOMAIN"],
      ["a.node.consul. CH A", "REFUSED"],
      ["a.node.consul. IN AXFR", "NOTIMP"],
    ] as const) {
      assert.match(text(await asked(address, query(question))), new RegExp(`^;; ${status} `), question);
    }
    assert.deepEqual(consul.asked, []);
  });

  test("is asked once for all who wait for its answer", async (t) => {
    const held: (() => void)[] = [];
    const { address, consul, dns, events } = await forwarding(t, (question, send) => {
      held.push(() => {
        send(answered(question, [pointing("10.0.0.7")]));
      });
    });
    const names = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? "a.node.consul." : "A.Node.Consul."));
    const replies = Promise.all(names.map((name) => asked(address, query(`${name} IN A`))));
    await until(() => dns.counters().requests.some(({ count }) => count === names.length));
    await until(() => held.length > 0);
    held[0]?.();
    assert.equal((await replies).filter((reply) => text(reply).endsWith(" IN A 10.0.0.7")).length, 20);
    assert.equal(consul.asked.length, 1);
    assert.equal(events().forwarded, 20);
  });

  test("goes by TCP for who asks by TCP, in the order of the answers", async (t) => {
    const { address, consul } = await forwarding(t, (question, send) => {
      send(answered(question, [pointing("10.0.0.7")]));
    });
    const questions = ["a.node.consul. IN A", "web.service.consul. IN A"].map((each) => framed(query(each)));
    const { replies } = await askTcp(address, questions, 2);
    assert.deepEqual(replies.map((each) => text(each).split("\n").at(-1)).toSorted(), [
      "a.node.consul. 60 IN A 10.0.0.7",
      "web.service.consul. 0 IN A 10.0.0.1",
    ]);
    assert.deepEqual(
      consul.asked.map(({ transport }) => transport),
      ["tcp"],
    );
  });

  test("is refused by TCP, too, when there are too many, and each gets one answer", async (t) => {
    const { address } = await forwarding(t, () => undefined);
    const questions = Array.from({ length: MAX_FORWARDS + 8 }, (_, i) => framed(query(`n${i}.consul. IN A`)));
    const { replies } = await askTcp(address, [Buffer.concat(questions)], 8);
    assert.equal(replies.filter((reply) => text(reply).startsWith(";; REFUSED")).length, 8);
  });

  test("goes by TCP where Consul truncates; who asks by UDP gets as many records as fit", async (t) => {
    const all = manyServers(200).map((server) => pointing(server.replace(":4647", "")));
    const { address, consul } = await forwarding(t, (question, send) => {
      send(question.transport === "udp" ? answered(question, [], 0x8780) : answered(question, all));
    });
    const reply = text(await asked(address, query("a.node.consul. IN A")));
    assert.match(reply, /^;; NOERROR qr aa tc\n/);
    // 12 bytes of header, 19 of question, 16 for each record.
    assert.equal(reply.split("\n").length, 3 + 30);
    assert.deepEqual(
      consul.asked.map(({ transport }) => transport),
      ["udp", "tcp"],
    );
    const { replies } = await askTcp(address, [framed(query("a.node.consul. IN A"))]);
    assert.equal(text(replies[0]).split("\n").length, 3 + 200);
  });

  test("keeps what Consul says of a name that it does not know", async (t) => {
    const soa = record("consul", 6, 0, Buffer.concat([Buffer.of(0, 0), Buffer.alloc(20)]));
    const { address } = await forwarding(t, (question, send) => {
      const message = answered(question, [], 0x8583);
      message.writeUInt16BE(1, 8);
      send(Buffer.concat([message.subarray(0, -OPT.length), soa, OPT]));
    });
    assert.match(
      text(await asked(address, query("none.service.consul. IN A"))),
      /^;; NXDOMAIN qr aa\n.*\n;; AUTHORITY\nconsul. 0 IN SOA/,
    );
  });

  test("is answered with SERVFAIL and extended error 22 when Consul does not answer, or nonsense", async (t) => {
    const { address, consulNames, dns, events } = await forwarding(t, (question, send) => {
      const message = answered(question, [pointing("10.0.0.7")]);
      send(
        question.name === "cut.consul"
          ? message.subarray(0, -OPT.length - 2)
          : answered(question, [], 0x858f),
      );
    });
    const failed = /^;; SERVFAIL qr\n;; EDNS 0 udp=1232 option=15:0016\n/;
    assert.match(text(await asked(address, query("cut.consul. IN A +edns=0"))), failed);
    assert.match(text(await asked(address, query("rcode.consul. IN A +edns=0"))), failed);
    const gone = await ScriptedNameserver.start(() => undefined);
    await gone.stop();
    dns.configure({
      ttlSeconds: 0,
      negativeTtlSeconds: 1,
      consulNames: { ...consulNames, forwardTo: { address: gone.address, port: gone.port } },
    });
    assert.match(text(await asked(address, query("gone.consul. IN A +edns=0"))), failed);
    assert.equal(events().forwardsFailed, 3);
    assert.equal(dns.counters().responses.find(({ rcode }) => rcode === "SERVFAIL")?.count, 3);
  });

  test("that comes back to us ends as unanswered: the agent's own address is no trap", async (t) => {
    const { address, consulNames, dns } = await forwarding(t, (question, send) => {
      send(answered(question, []));
    });
    const forwardTo = { address: address.host, port: address.port };
    dns.configure({ ttlSeconds: 0, negativeTtlSeconds: 1, consulNames: { ...consulNames, forwardTo } });
    await until(async () => /SERVFAIL/.test(text(await asked(address, query("loop.consul. IN A")))));
    const { requests } = dns.counters();
    const total = requests.reduce((sum, { count }) => sum + count, 0);
    assert.ok(total < 20, `${total} questions`);
  });
});

test("a question that waits for a pool is forwarded when no place is free for it", () => {
  const demand = new Demand(() => undefined);
  demand.configure({ startsPerSecond: 10, consulNames: true });
  const responder = new Responder(new Counters(), { demand, forwarder: new Forwarder(new Counters()) });
  const consulNames = {
    domain: "consul",
    datacenter: "dc1",
    answers: "all",
    forwardTo: { address: "127.0.0.1", port: 1 },
  } as const;
  const { domain, nameServerAddresses, ...times } = SETTINGS;
  const encoder = new TableEncoder({ domain, nameServerAddresses }, { ...times, consulNames });
  responder.replace(encoder.encode(new Map()));
  const question = query("db.service.consul. IN A");
  assert.equal(responder.respond(question, "udp"), "waits-briefly");
  demand.decided("db", "not-ready", 1_000, performance.now());
  assert.equal(responder.stillWaits(question), false);
  assert.equal(responder.respondLate(question, "udp"), "forwards");
  const slipped = responder.respond(question, "slip");
  assert.match(text(typeof slipped === "string" ? undefined : slipped), /^;; NOERROR qr tc\n/);
  demand.decided("db", "unknown", 1_000, performance.now());
  const late = responder.respondLate(question, "udp");
  assert.match(text(typeof late === "string" ? undefined : late), /^;; NXDOMAIN /);
  demand.close();
});
