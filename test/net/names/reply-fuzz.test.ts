import assert from "node:assert/strict";
import { isIP } from "node:net";
import { suite, test } from "node:test";
import fc from "fast-check";
import { followAliases, MAX_ALIASES } from "../../../src/net/names/alias-chain.ts";
import { type AddressQuery, encodeQuery, isReplyTo } from "../../../src/net/names/query.ts";
import { decodeReply } from "../../../src/net/names/reply.ts";
import { ResolveError } from "../../../src/net/names/resolve-error.ts";
import { a, aaaa, cname, reply, TYPE } from "../../support/scripted-nameserver.ts";
import { nameserver, resolverAt, V6 } from "./resolving.ts";

const octets = (maxLength: number) => fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes));

const goodRecords = fc.array(
  fc.constantFrom(
    a("db.example", "10.0.0.5"),
    aaaa("db.example", V6),
    cname("db.example", "b.example"),
    cname("b.example", "db.example"),
    a("b.example", "10.0.0.6"),
    // Compressed: the owner is the question's name.
    Buffer.concat([Buffer.from([0xc0, 12]), a("", "10.0.0.7").subarray(1)]),
  ),
  { maxLength: 6 },
);

interface Damage {
  readonly flips: readonly (readonly [number, number])[];
  readonly cut: number;
  readonly tail: Buffer;
}
const damage: fc.Arbitrary<Damage> = fc.record({
  flips: fc.array(fc.tuple(fc.nat(300), fc.integer({ min: 0, max: 255 })), { maxLength: 5 }),
  cut: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(40) }),
  tail: octets(40),
});

/** Damages everything behind the question, and the flags and counts: what the guard lets through. */
function damaged(answer: Buffer, from: number, { flips, cut, tail }: Damage): Buffer {
  const bytes = Buffer.concat([answer.subarray(0, Math.max(from, answer.length - cut)), tail]);
  for (const [at, value] of flips) {
    const position = at < 6 ? 6 + at : from + at - 6;
    if (position < bytes.length) {
      bytes.writeUInt8(value, position);
    }
  }
  return bytes;
}

function decodesOrFailsClearly(query: AddressQuery, message: Buffer): void {
  try {
    const decoded = decodeReply(message);
    if (decoded.kind === "answer") {
      for (const record of decoded.records) {
        assert.ok(record.kind === "alias" || isIP(record.address) > 0);
        assert.ok(record.ttlSeconds >= 0);
      }
      followAliases(query.name, query.family, decoded.records, MAX_ALIASES);
    }
  } catch (error) {
    assert.ok(error instanceof ResolveError, String(error));
    assert.doesNotMatch(error.message, /\n/);
  }
}

suite("fuzzed answers", () => {
  const query = encodeQuery("db.example", "ipv4");
  const asked = {
    bytes: query.bytes,
    id: query.bytes.readUInt16BE(0),
    name: "db.example",
    type: TYPE.A,
    transport: "udp",
  } as const;

  test("whatever arrives, the guard decides without an exception", () => {
    const header = fc.oneof(fc.constant(query.bytes), fc.constant(reply(asked)), octets(40));
    fc.assert(
      fc.property(header, fc.nat(40), octets(40), (start, length, tail) => {
        const message = Buffer.concat([start.subarray(0, length), tail]);
        const accepted = isReplyTo(query, message);
        assert.ok(!accepted || message.length >= query.bytes.length);
      }),
      { numRuns: 2_000 },
    );
  });

  test("whatever follows the question is decoded, or one of our errors", () => {
    fc.assert(
      fc.property(goodRecords, damage, (records, harm) => {
        decodesOrFailsClearly(query, damaged(reply(asked, { records }), query.bytes.length, harm));
      }),
      { numRuns: 3_000 },
    );
  });

  test("pure noise behind the question too", () => {
    fc.assert(
      fc.property(octets(300), fc.nat(65_535), (noise, count) => {
        const message = Buffer.concat([reply(asked), noise]);
        message.writeUInt16BE(count, 6);
        decodesOrFailsClearly(query, message);
      }),
      { numRuns: 2_000 },
    );
  });

  test("through sockets: a resolve ends with addresses or one of our errors", async () => {
    let harm: Damage = { flips: [], cut: 0, tail: Buffer.alloc(0) };
    let records: Buffer[] = [];
    const server = await nameserver((question, send) => {
      send(damaged(reply(question, { records }), question.bytes.length, harm));
    });
    const resolver = resolverAt([server], { timeoutMs: 20 });
    let resolved = 0;
    await fc.assert(
      fc.asyncProperty(goodRecords, damage, async (nextRecords, nextHarm) => {
        records = nextRecords;
        harm = nextHarm;
        try {
          const { addresses, ttlSeconds } = await resolver.resolve("db.example");
          assert.ok(addresses.length > 0 && addresses.every((address) => isIP(address) > 0));
          assert.ok(Number.isFinite(ttlSeconds));
          resolved += 1;
        } catch (error) {
          assert.ok(error instanceof ResolveError, String(error));
        }
      }),
      { numRuns: 300 },
    );
    assert.ok(resolved > 10, `${resolved} resolved`);
  });

  test("the longest chain of compression pointers that is let through does not stop the process", () => {
    const message = pointerChain(query, 4_096);
    const before = process.threadCpuUsage();
    decodesOrFailsClearly(query, message);
    // Processor time in microseconds: waiting for a turn on a busy machine does not count.
    assert.ok(process.threadCpuUsage(before).user < 1_000_000);
  });
});

/** A record full of pointers, each to the one before, and as many records as fit whose owner and target are its end. */
function pointerChain({ bytes }: AddressQuery, size: number): Buffer {
  const chainAt = bytes.length + 11;
  const chain = Buffer.alloc(size / 2);
  for (let at = 0; at < chain.length; at += 2) {
    chain.writeUInt16BE(0xc000 | (at === 0 ? 12 : chainAt + at - 2), at);
  }
  const fixed = Buffer.alloc(11);
  fixed.writeUInt16BE(999, 1);
  fixed.writeUInt16BE(1, 3);
  fixed.writeUInt16BE(chain.length, 9);
  const link = Buffer.alloc(14);
  link.writeUInt16BE(0xc000 | (chainAt + chain.length - 2), 0);
  link.writeUInt16BE(TYPE.CNAME, 2);
  link.writeUInt16BE(1, 4);
  link.writeUInt16BE(2, 10);
  link.writeUInt16BE(0xc000 | (chainAt + chain.length - 2), 12);
  const links = Math.floor((size - chainAt - chain.length) / link.length);
  const message = Buffer.concat([bytes, fixed, chain, ...Array.from({ length: links }, () => link)]);
  message.writeUInt16BE(0x8180, 2);
  message.writeUInt16BE(1 + links, 6);
  return message;
}
