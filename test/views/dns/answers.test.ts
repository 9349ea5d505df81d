/**
 * The bytes of every answer, decoded, are what the model says: names, types, classes and transports in any combination.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode } from "dns-packet";
import fc from "fast-check";
import type { ListState } from "../../../src/core/pool-view.ts";
import { ZoneEncoder } from "../../../src/views/dns/table/zone-encoder.ts";
import { type RecordData, type ResourceRecord, TYPE } from "../../../src/views/dns/zone/record.ts";
import type { ZonePool, ZoneSettings } from "../../../src/views/dns/zone/zone.ts";
import { snapshot } from "./pools.ts";
import { replyOf, respondingFor } from "./responding.ts";
import { modelReply } from "./zone-model.ts";
import { query, recordText, wireName, words } from "./zone-text.ts";

const SETTINGS: ZoneSettings = {
  domain: "headwaiter.internal",
  ttlSeconds: 5,
  negativeTtlSeconds: 2,
  nameServerAddresses: ["127.0.0.1", "::1"],
};

function view(servers: readonly string[], state: ListState = "live"): ZonePool {
  return { snapshot: snapshot(servers), state };
}

const POOLS = {
  nomad: view(["10.0.0.1:4647", "db.example:4648=10.0.0.5,2001:db8::5", "[2001:db8::1]:4649", "10.0.0.1:1"]),
  Old: view(["[::1]:1", "10.0.0.1:2"], "stale"),
  cold: view([], "empty"),
};

function modelText({ name, ttl, data }: ResourceRecord): string {
  return `${name}. ${ttl} IN ${data.type} ${dataText(data)}`;
}

function dataText(data: RecordData): string {
  switch (data.type) {
    case "A":
    case "AAAA":
      return data.address;
    case "NS":
      return `${data.target}.`;
    case "SRV":
      return `${data.priority} ${data.weight} ${data.port} ${data.target}.`;
    case "TXT":
      return data.strings.map((string) => JSON.stringify(string)).join(" ");
    case "SOA": {
      const times = [data.refresh, data.retry, data.expire, data.minimum];
      return `${data.mname}. ${data.rname}. ${[data.serial, ...times].join(" ")}`;
    }
  }
}

const LABELS = [
  ...["_nomad", "_old", "_cold", "nomad", "old", "cold", "_tcp", "all", "addr", "ns", "x", ""],
  ...["10-0-0-1", "2001-db8--1", "2001-db8-0-0-0-0-0-1", "0--1", "10-9-9-9", "10-0-0-256", "headwaiter"],
];
const label = fc.constantFrom(...LABELS);
const NAME = fc
  .tuple(
    label,
    label,
    label,
    fc.constantFrom("headwaiter.internal", "headwaiter.internal", "internal", "example"),
  )
  .map((labels) => labels.filter(Boolean).join("."));
// A, NS, SOA, MX, TXT, AAAA, SRV, OPT, DNSKEY, IXFR, AXFR, ANY and one that nobody knows.
const TYPES = fc.constantFrom(1, 2, 6, 15, 16, 28, 33, 41, 48, 251, 252, 255, 65_400);
const CLASSES = fc.constantFrom(1, 1, 1, 3, 255);
const OPT = Buffer.concat([Buffer.of(0), words(41, 1232, 0, 0, 0)]);

describe("answers", () => {
  test("say what the model says, for any name, type, class and transport", () => {
    const { responder } = respondingFor(POOLS, SETTINGS);
    const pools = new Map(Object.entries(POOLS));
    fc.assert(
      fc.property(NAME, TYPES, CLASSES, fc.constantFrom("udp", "tcp"), (name, type, qclass, transport) => {
        const question = Buffer.concat([wireName(name), words(type, qclass)]);
        const message = replyOf(
          responder,
          Buffer.concat([words(1, 0, 1, 0, 0, 1), question, OPT]),
          transport,
        );
        assert.ok(message);
        assert.ok(message.subarray(12, 12 + question.length).equals(question));
        const packet = decode(message);
        const opt = packet.additionals?.find((record) => record.type === "OPT");
        const others = packet.additionals?.filter((record) => record.type !== "OPT");
        const expected = modelReply(SETTINGS, pools, { name, type, class: qclass, transport });
        assert.deepEqual(
          {
            rcode: message.readUInt16BE(2) & 0x0f,
            authoritative: packet.flag_aa,
            answer: packet.answers?.map(recordText),
            authority: packet.authorities?.map(recordText),
            additional: others?.map(recordText),
            extendedError: opt?.options[0]?.data?.readUInt16BE(0),
          },
          {
            ...expected,
            answer: expected.answer.map(modelText),
            authority: expected.authority.map(modelText),
            additional: expected.additional.map(modelText),
          },
        );
      }),
      { numRuns: 5000 },
    );
  });

  test("the target of an SRV record is whole in the bytes, with no pointer in it", () => {
    const { responder } = respondingFor(POOLS, SETTINGS);
    const asked = query("_nomad._tcp.all.headwaiter.internal. IN SRV");
    const reply = replyOf(responder, asked, "tcp") ?? assert.fail();
    const targets = [
      "10-0-0-1.addr.headwaiter.internal",
      "db.example",
      "2001-db8--1.addr.headwaiter.internal",
    ];
    let offset = asked.length;
    for (const target of [...targets, targets[0] ?? ""]) {
      // The owner is a pointer to the question; priority, weight and port precede the target.
      assert.deepEqual([reply.readUInt16BE(offset), reply.readUInt16BE(offset + 2)], [0xc00c, TYPE.SRV]);
      const end = offset + 12 + reply.readUInt16BE(offset + 10);
      assert.deepEqual(reply.subarray(offset + 18, end), wireName(target));
      offset = end;
    }
  });

  test("addresses of listed servers are in the table, once; one that leaves a list leaves it, and is answered all the same", () => {
    const encoder = new ZoneEncoder(SETTINGS);
    const names = (pools: Readonly<Record<string, ZonePool>>): readonly string[] =>
      encoder
        .encode(new Map(Object.entries(pools)))
        .names.map(({ name }) => Buffer.from(name).toString("latin1"))
        .filter((name) => name.indexOf("\x04addr") > 0);
    const wire = (label: string): string => wireName(`${label}.addr.headwaiter.internal`).toString("latin1");
    assert.deepEqual(names(POOLS), ["10-0-0-1", "2001-db8--1", "0--1"].map(wire));
    assert.deepEqual(
      names({ ...POOLS, Old: view(["10.0.0.2:1"]) }),
      ["10-0-0-1", "2001-db8--1", "10-0-0-2"].map(wire),
    );
    const { responder } = respondingFor({ nomad: view(["10.0.0.1:4647"]) }, SETTINGS);
    assert.equal(
      decode(replyOf(responder, query("0--1.addr.headwaiter.internal. IN AAAA"), "udp") ?? assert.fail())
        .answers?.length,
      1,
    );
  });

  test("what did not change keeps its bytes from table to table", () => {
    const encoder = new ZoneEncoder(SETTINGS);
    const before = encoder.encode(new Map(Object.entries(POOLS)));
    const after = encoder.encode(new Map(Object.entries({ ...POOLS, Old: view(["[::1]:1"]) })));
    const kept = new Set(before.names);
    const isOfOld = (name: Uint8Array): boolean => Buffer.from(name).includes("old");
    const made = after.names.filter((encoded) => !kept.has(encoded) && !isOfOld(encoded.name));
    // The zone's own six names carry the serial and are always made anew.
    assert.equal(made.length, 6);
  });
});
