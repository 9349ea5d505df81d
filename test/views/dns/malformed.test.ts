/** Messages that are no proper query, byte by byte, over UDP and TCP. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { DnsServer } from "../../../src/views/dns/dns-server.ts";
import type { DnsAddress } from "../../../src/views/dns/thread-messages.ts";
import { askTcp, askUdp, framed } from "./dns-client.ts";
import { pool } from "./pools.ts";
import { respondingFor } from "./responding.ts";
import { started } from "./serving.ts";
import { LISTENERS } from "./udp-listeners.ts";
import { query, text, wireName, words } from "./zone-text.ts";

const QUESTION = "_nomad._tcp.headwaiter.internal. IN SRV";
const PLAIN = query(QUESTION);
const ASKED = `? ${QUESTION}`;
const ANSWERED = `;; NOERROR qr aa
${ASKED}
;; ANSWER
_nomad._tcp.headwaiter.internal. 0 IN SRV 0 1 4647 10-0-0-1.addr.headwaiter.internal.
;; ADDITIONAL
10-0-0-1.addr.headwaiter.internal. 300 IN A 10.0.0.1`;
const UNREADABLE = ";; FORMERR qr";

/** A header with these counts and what follows it. */
function message(counts: readonly [number, number, number, number], ...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([words(0x1234, 0, ...counts), ...parts]);
}

const NAME_AND_TYPE = PLAIN.subarray(12);
const OPT = Buffer.concat([Buffer.of(0), words(41, 4096, 0, 0, 0)]);
const IXFR = Buffer.concat([wireName("headwaiter.internal"), words(251, 1)]);
/** Any record will do. */
const VERSION = Buffer.concat([wireName("headwaiter.internal"), words(6, 1, 0, 1, 22), Buffer.alloc(22)]);
const UPDATED = ";; NOTIMP qr opcode=5\n? headwaiter.internal. IN SOA";

function update(
  counts: readonly [number, number, number, number],
  ...records: readonly Uint8Array[]
): Buffer {
  const zone = Buffer.concat([wireName("headwaiter.internal"), words(6, 1)]);
  return Buffer.concat([words(0x1234, 0x2800, ...counts), zone, ...records]);
}

const LONG_NAME = Buffer.concat([
  ...Array.from({ length: 4 }, () => Buffer.concat([Buffer.of(63), Buffer.alloc(63, "x")])),
  Buffer.of(0),
]);
const NAME_OF_255 = Buffer.concat([
  LONG_NAME.subarray(0, 192),
  Buffer.of(61),
  Buffer.alloc(61, "x"),
  Buffer.of(0),
]);

const ROWS: readonly (readonly [about: string, bytes: Buffer, expect: string])[] = [
  ["an answer is never answered", query(`${QUESTION} +qr`), "no answer"],
  ["an answer with another opcode neither", query(`${QUESTION} +qr +opcode=5`), "no answer"],
  ["eleven bytes are no header", PLAIN.subarray(0, 11), "no answer"],
  ["one byte", Buffer.of(0), "no answer"],
  ["no question", message([0, 0, 0, 0]), UNREADABLE],
  ["no question, but an OPT", message([0, 0, 0, 1], OPT), UNREADABLE],
  ["two questions", message([2, 0, 0, 0], NAME_AND_TYPE, NAME_AND_TYPE), UNREADABLE],
  ["65,535 questions", message([65_535, 0, 0, 0], NAME_AND_TYPE), UNREADABLE],
  ["a header without its question", PLAIN.subarray(0, 12), UNREADABLE],
  ["a name that is cut off", PLAIN.subarray(0, 20), UNREADABLE],
  ["a question without its class", PLAIN.subarray(0, PLAIN.length - 1), UNREADABLE],
  ["a question without its type", PLAIN.subarray(0, PLAIN.length - 4), UNREADABLE],
  [
    "a label of 64",
    message([1, 0, 0, 0], Buffer.of(64), Buffer.alloc(64, "x"), Buffer.of(0), words(1, 1)),
    UNREADABLE,
  ],
  ["a label of type 10", message([1, 0, 0, 0], Buffer.of(0x80, 1, 0), words(1, 1)), UNREADABLE],
  ["a pointer to itself", message([1, 0, 0, 0], words(0xc00c, 1, 1)), UNREADABLE],
  ["a pointer into the header", message([1, 0, 0, 0], words(0xc000, 1, 1)), UNREADABLE],
  ["a pointer behind a label", message([1, 0, 0, 0], Buffer.of(1, 0x78), words(0xc00c, 1, 1)), UNREADABLE],
  ["a name of 257 bytes", message([1, 0, 0, 0], LONG_NAME, words(1, 1)), UNREADABLE],
  [
    "a name of 255 bytes is a name",
    message([1, 0, 0, 0], NAME_OF_255, words(1, 1)),
    `;; REFUSED qr\n? ${["x".repeat(63), "x".repeat(63), "x".repeat(63), "x".repeat(61)].join(".")}. IN A`,
  ],
  ["bytes behind the question", Buffer.concat([PLAIN, Buffer.from("trailing")]), ANSWERED],
  ["an answer section", message([1, 1, 0, 0], NAME_AND_TYPE), `;; FORMERR qr\n${ASKED}`],
  ["an authority section", message([1, 0, 1, 0], NAME_AND_TYPE), `;; FORMERR qr\n${ASKED}`],
  ["three additional records", message([1, 0, 0, 3], NAME_AND_TYPE), `;; FORMERR qr\n${ASKED}`],
  ["an additional record that is not there", message([1, 0, 0, 1], NAME_AND_TYPE), `;; FORMERR qr\n${ASKED}`],
  ["two OPTs", message([1, 0, 0, 2], NAME_AND_TYPE, OPT, OPT), `;; FORMERR qr\n${ASKED}`],
  [
    "an OPT with an owner",
    message([1, 0, 0, 1], NAME_AND_TYPE, wireName("x"), OPT.subarray(1)),
    `;; FORMERR qr\n${ASKED}`,
  ],
  [
    "an OPT owned by a pointer to the root",
    message([1, 0, 0, 1], NAME_AND_TYPE, words(0xc02b), OPT.subarray(1)),
    `;; FORMERR qr\n${ASKED}`,
  ],
  [
    "OPT data longer than the message",
    message([1, 0, 0, 1], NAME_AND_TYPE, OPT.subarray(0, 9), words(1)),
    `;; FORMERR qr\n${ASKED}`,
  ],
  [
    "an option longer than the OPT",
    message([1, 0, 0, 1], NAME_AND_TYPE, OPT.subarray(0, 9), words(4, 10, 8)),
    `;; FORMERR qr\n${ASKED}`,
  ],
  [
    "half an option",
    message([1, 0, 0, 1], NAME_AND_TYPE, OPT.subarray(0, 9), words(2, 10)),
    `;; FORMERR qr\n${ASKED}`,
  ],
  [
    "another record beside the OPT, such as a signature, is stepped over",
    message([1, 0, 0, 2], NAME_AND_TYPE, wireName("key"), words(250, 255, 0, 0, 2, 0), OPT),
    ANSWERED.replace(";; NOERROR qr aa", ";; NOERROR qr aa\n;; EDNS 0 udp=1232"),
  ],
  [
    "an IXFR names its version in the authority section",
    message([1, 0, 1, 0], IXFR, VERSION),
    ";; NOTIMP qr\n? headwaiter.internal. IN IXFR",
  ],
  [
    "behind which its OPT is read",
    message([1, 0, 1, 1], IXFR, VERSION, OPT),
    ";; NOTIMP qr\n;; EDNS 0 udp=1232\n? headwaiter.internal. IN IXFR",
  ],
  [
    "an IXFR with two OPTs",
    message([1, 0, 1, 2], IXFR, VERSION, OPT, OPT),
    ";; FORMERR qr\n? headwaiter.internal. IN IXFR",
  ],
  [
    "an IXFR whose authority section is not there",
    message([1, 0, 1, 0], IXFR),
    ";; FORMERR qr\n? headwaiter.internal. IN IXFR",
  ],
  [
    "another opcode without a question",
    Buffer.from("123430000000000000000000", "hex"),
    ";; NOTIMP qr opcode=6",
  ],
  [
    "another opcode without a question, but with an OPT",
    Buffer.concat([Buffer.from("123430000000000000000001", "hex"), OPT]),
    ";; NOTIMP qr opcode=6\n;; EDNS 0 udp=1232",
  ],
  [
    "an UPDATE with records in every section: its OPT is found behind them",
    update([1, 1, 1, 2], VERSION, VERSION, VERSION, OPT),
    UPDATED.replace("\n", "\n;; EDNS 0 udp=1232\n"),
  ],
  ["an OPT in another section is none", update([1, 1, 0, 0], OPT), UPDATED],
  ["an UPDATE with two OPTs has none", update([1, 0, 0, 2], OPT, OPT), UPDATED],
  ["an UPDATE that is cut off is still not ours to judge", update([1, 3, 0, 1], VERSION, OPT), UPDATED],
];

for (const listener of LISTENERS) {
  describe(`malformed messages, listener ${listener}`, () => {
    let dns: DnsServer;
    let address: DnsAddress;
    before(async () => {
      ({ dns, address } = await started({ nomad: pool("live", ["10.0.0.1:4647"]) }, { listener }));
    });
    after(() => dns.stop());

    for (const [about, bytes, expect] of ROWS) {
      test(`${about}: ${expect.split("\n")[0] ?? ""}`, async () => {
        assert.equal(text(await askUdp(address, bytes)), expect);
        // A well-formed query behind it shows that nothing else came back.
        const { replies } = await askTcp(
          address,
          [framed(bytes), framed(PLAIN)],
          expect === "no answer" ? 1 : 2,
        );
        const overTcp = bytes.includes(words(251, 1)) ? expect.replace("NOTIMP", "REFUSED") : expect;
        assert.deepEqual(replies.map(text), expect === "no answer" ? [ANSWERED] : [overTcp, ANSWERED]);
      });
    }

    test("more than 1,232 bytes over UDP are dropped", async () => {
      const padded = Buffer.concat([PLAIN, Buffer.alloc(1232 - PLAIN.length)]);
      assert.equal(text(await askUdp(address, padded)), ANSWERED);
      assert.equal(text(await askUdp(address, Buffer.concat([padded, Buffer.of(0)]))), "no answer");
    });

    test("a chain of 32,000 pointers is dropped unread over UDP and closes a TCP connection", async () => {
      const chain = pointers(32_000);
      assert.equal(text(await askUdp(address, chain)), "no answer");
      assert.equal((await askTcp(address, [framed(chain)])).closed, true);
    });

    // As many as a message holds: as the question's name, and as the owner of a record behind it.
    const chains = [
      pointers(610),
      Buffer.concat([message([1, 0, 0, 2], NAME_AND_TYPE), pointers(580).subarray(12)]),
    ];
    for (const [place, chain] of chains.entries()) {
      test(`the longest chain that is read takes no time, nor does the query behind it (${place + 1})`, async () => {
        assert.ok(chain.length > 1200 && chain.length <= 1232);
        const { responder } = respondingFor({});
        const quickestMs = Math.min(
          ...Array.from({ length: 5 }, () => {
            const start = performance.now();
            responder.respond(chain, "udp");
            return performance.now() - start;
          }),
        );
        assert.ok(quickestMs < 1, `${quickestMs} ms`);
        const before = process.cpuUsage();
        assert.match(text(await askUdp(address, chain)), /^;; FORMERR/);
        assert.equal(text(await askUdp(address, PLAIN)), ANSWERED);
        const { replies } = await askTcp(address, [framed(chain), framed(PLAIN)], 2);
        assert.equal(text(replies[1]), ANSWERED);
        // A parser that follows such chains works for seconds on what a client may send in this time. Processor time of
        // all threads: waiting for a turn on a busy machine does not count.
        assert.ok(process.cpuUsage(before).user < 1_000_000);
      });
    }
  });
}

/** A header with one question, and pointers each to the next. */
function pointers(count: number): Buffer {
  return Buffer.concat([
    words(0x1234, 0, 1, 0, 0, 0),
    ...Array.from({ length: count }, (_, i) => words(0xc000 | ((14 + i * 2) & 0x3fff))),
  ]);
}
