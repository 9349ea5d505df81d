/** How much of an answer goes where: 512 bytes, what the client takes, 1,232, 64 KB. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { decode } from "dns-packet";
import type { DnsServer } from "../../../src/views/dns/dns-server.ts";
import type { DnsAddress } from "../../../src/views/dns/thread-messages.ts";
import { askTcp, askUdp, framed } from "./dns-client.ts";
import { manyServers, NOON, pool } from "./pools.ts";
import { serving, started } from "./serving.ts";
import { query, text } from "./zone-text.ts";

const ask = (pool: string, switches = ""): Buffer =>
  query(`_${pool}._tcp.all.headwaiter.internal. IN SRV ${switches}`);

describe("a long zone name", () => {
  const label = "x".repeat(59);
  // The second is as long as the configuration allows.
  const names = [`${label}.${label}`, [label, label, label, "y".repeat(20)].join(".")];

  for (const domain of names) {
    test(`of ${domain.length} characters: no answer without records is truncated`, async (t) => {
      const { address } = await serving(t, { nomad: pool("live", ["10.0.0.1:4647"]) }, { domain });
      const soa = `${domain}. 1 IN SOA ns.${domain}. hostmaster.${domain}. ${NOON / 1000} 86400 7200 3600000 1`;
      for (const [name, rcode] of [
        ["x", "NXDOMAIN"],
        ["_nomad._tcp", "NOERROR"],
      ]) {
        const asked = `${name ?? ""}.${domain}. IN A`;
        assert.equal(
          text(await askUdp(address, query(asked))),
          `;; ${rcode ?? ""} qr aa\n? ${asked}\n;; AUTHORITY\n${soa}`,
        );
      }
      assert.equal(
        text(await askUdp(address, query(`${domain}. IN SOA`))),
        `;; NOERROR qr aa\n? ${domain}. IN SOA\n;; ANSWER\n${soa}`,
      );
    });
  }
});

describe("truncation", () => {
  let dns: DnsServer;
  let address: DnsAddress;
  before(async () => {
    ({ dns, address } = await started({
      four: pool("live", manyServers(4)),
      eight: pool("live", manyServers(8)),
      many: pool("live", manyServers(300)),
      vast: pool("stale", manyServers(10_000)),
    }));
  });
  after(() => dns.stop());

  async function counts(bytes: Buffer): Promise<string> {
    const reply = await askUdp(address, bytes);
    assert.ok(reply);
    const { flag_tc, answers, additionals } = decode(reply);
    const others = additionals?.filter(({ type }) => type !== "OPT").length ?? 0;
    return `${flag_tc ? "TC " : ""}${answers?.length ?? 0} SRV, ${others} A, ${reply.length > 512 ? "over" : "within"} 512`;
  }

  test("without OPT 512 bytes: first the addresses go, which is no truncation, then all", async () => {
    assert.equal(await counts(ask("four")), "4 SRV, 4 A, within 512");
    assert.equal(await counts(ask("eight")), "8 SRV, 0 A, within 512");
    assert.equal(await counts(ask("many")), "TC 0 SRV, 0 A, within 512");
  });

  test("a smaller size than 512 counts as 512, a larger one than 1,232 as that", async () => {
    assert.equal(await counts(ask("eight", "+edns=0 +bufsize=100")), "8 SRV, 0 A, within 512");
    assert.equal(await counts(ask("four", "+edns=0 +bufsize=100")), "4 SRV, 4 A, within 512");
    assert.equal(await counts(ask("eight", "+edns=0 +bufsize=65508")), "8 SRV, 8 A, over 512");
    assert.equal(await counts(ask("many", "+edns=0 +bufsize=65508")), "TC 0 SRV, 0 A, within 512");
  });

  test("a truncated answer keeps the question and the OPT", async () => {
    assert.equal(
      text(await askUdp(address, ask("many", "+edns=0 +do"))),
      `;; NOERROR qr aa tc
;; EDNS 0 udp=1232 do
? _many._tcp.all.headwaiter.internal. IN SRV`,
    );
    assert.equal(
      text(await askUdp(address, ask("vast", "+edns=0"))),
      `;; NOERROR qr aa tc
;; EDNS 0 udp=1232 option=15:0003
? _vast._tcp.all.headwaiter.internal. IN SRV`,
    );
  });

  test("no answer is larger than the client takes", async () => {
    for (let size = 512; size <= 1300; size += 7) {
      const reply = await askUdp(address, ask("eight", `+edns=0 +bufsize=${size}`));
      assert.ok(reply !== undefined && reply.length <= Math.min(size, 1232));
    }
  });

  test("TCP has the whole RRset", async () => {
    const { replies } = await askTcp(address, [framed(ask("many"))]);
    const { answers = [], additionals = [], flag_tc } = decode(replies[0] ?? Buffer.alloc(0));
    assert.equal(flag_tc, false);
    assert.equal(additionals.length, 300);
    assert.deepEqual(
      answers.map((record) => (record.type === "SRV" ? record.data.priority : undefined)),
      Array.from({ length: 300 }, (_, i) => i),
    );
  });

  test("of a list that no message can hold, TCP has the first servers", async () => {
    const { replies } = await askTcp(address, [framed(ask("vast", "+edns=0"))]);
    const reply = replies[0] ?? Buffer.alloc(0);
    const { answers = [], additionals = [], flag_tc } = decode(reply);
    assert.ok(reply.length > 65_000, `${reply.length} bytes`);
    assert.ok(answers.length > 1000, `${answers.length} answers`);
    assert.deepEqual([flag_tc, additionals.length], [false, 1]);
    const last = answers.at(-1);
    assert.ok(last?.type === "SRV");
    assert.equal(last.data.priority, answers.length - 1);
  });
});
