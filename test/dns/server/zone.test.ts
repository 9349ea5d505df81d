/** The zone as a pure function, and that the bytes say the same. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode } from "dns-packet";
import fc from "fast-check";
import { encodeNegative, encodeNodes } from "../../../src/dns/answer-table.ts";
import { Counters } from "../../../src/dns/counters.ts";
import { headReasonAfter } from "../../../src/dns/head-reason.ts";
import type { RecordData, ResourceRecord } from "../../../src/dns/record.ts";
import { Responder } from "../../../src/dns/responder.ts";
import { buildZone, type PoolState, type PoolView, type Zone } from "../../../src/dns/zone.ts";
import { answer } from "../../../src/dns/zone-answer.ts";
import { snapshot } from "./pools.ts";
import { query } from "./zone-text.ts";

const SETTINGS = {
  domain: "headwaiter.internal",
  ttlSeconds: 5,
  negativeTtlSeconds: 2,
  nameServerAddresses: ["127.0.0.1", "::1"],
};

function view(servers: readonly string[], state: PoolState = "live"): PoolView {
  const list = snapshot(servers);
  return { snapshot: list, state, headReason: headReasonAfter(undefined, list) };
}

function responderOf(zone: Zone): Responder {
  const responder = new Responder(new Counters());
  responder.replace({ domain: zone.domain, names: encodeNodes(zone.nodes), ...encodeNegative(zone.soa) });
  return responder;
}

function soaOf(record: ResourceRecord | undefined): Extract<RecordData, { type: "SOA" }> {
  assert.equal(record?.data.type, "SOA");
  return record.data;
}

const IN = 1;
const SRV = 33;

describe("zone", () => {
  test("TTLs: lists as configured, negative answers as configured, addresses in names fixed", () => {
    const zone = buildZone(SETTINGS, new Map([["nomad", view(["10.0.0.1:4647"])]]));
    const srv = answer(zone, { name: "_nomad._tcp.headwaiter.internal", type: SRV, class: IN });
    assert.deepEqual(
      [srv.answer, srv.additional].flat().map(({ ttl }) => ttl),
      [5, 300],
    );
    const none = answer(zone, { name: "x.headwaiter.internal", type: SRV, class: IN });
    assert.equal(none.authority[0]?.ttl, 2);
    assert.equal(soaOf(none.authority[0]).minimum, 2);
  });

  test("the serial is the second of the newest change of any pool", () => {
    const old: PoolView = {
      ...view(["10.0.0.1"]),
      snapshot: snapshot(["10.0.0.1"], { at: 1_700_000_000_000 }),
    };
    const young: PoolView = { ...old, snapshot: snapshot(["10.0.0.1"], { at: 1_800_000_000_999 }) };
    const zone = buildZone(
      SETTINGS,
      new Map([
        ["a", young],
        ["b", old],
      ]),
    );
    assert.equal(soaOf(zone.soa).serial, 1_800_000_000);
  });

  test("two servers on one host: two SRV records, its address once", () => {
    const zone = buildZone(SETTINGS, new Map([["nomad", view(["10.0.0.1:1", "10.0.0.1:2"])]]));
    const reply = answer(zone, { name: "_nomad._tcp.all.headwaiter.internal", type: SRV, class: IN });
    assert.deepEqual(
      reply.answer.map(({ data }) => (data.type === "SRV" ? `${data.priority} ${data.port}` : "")),
      ["0 1", "1 2"],
    );
    assert.equal(reply.additional.length, 1);
  });

  test("the bytes say what the zone says, for any name and type", () => {
    const zone = buildZone(
      SETTINGS,
      new Map([
        ["nomad", view(["10.0.0.1:4647", "db.example:4648=10.0.0.5,2001:db8::5", "[2001:db8::1]:4649"])],
        ["Old", view(["[::1]:1"], "stale")],
        ["cold", view([], "cold")],
      ]),
    );
    const responder = responderOf(zone);
    const label = fc.constantFrom(
      ...[
        "_nomad",
        "_old",
        "_cold",
        "nomad",
        "old",
        "cold",
        "_tcp",
        "all",
        "addr",
        "ns",
        "10-0-0-1",
        "0--1",
        "x",
        "",
      ],
    );
    const name = fc
      .tuple(label, label, label, fc.constantFrom("headwaiter.internal", "internal", "example"))
      .map((labels) => labels.filter(Boolean).join("."));
    fc.assert(
      fc.property(
        name,
        fc.constantFrom("A", "AAAA", "SRV", "TXT", "SOA", "NS", "ANY", "MX"),
        (owner, type) => {
          const message = responder.respond(query(`${owner}. IN ${type} +edns=0`), "tcp");
          assert.ok(message);
          const packet = decode(message);
          const question = packet.questions?.[0];
          const expected = answer(zone, { name: owner, type: TYPE_NUMBERS[type] ?? 0, class: IN });
          const records = [packet.answers, packet.authorities, packet.additionals].flatMap(
            (part) => part ?? [],
          );
          assert.equal(question?.name, owner);
          assert.equal(message.readUInt16BE(2) & 0x0f, expected.rcode);
          assert.equal(packet.flag_aa, expected.authoritative);
          assert.deepEqual(
            records.flatMap((record) => (record.type === "OPT" ? [] : [`${record.name} ${record.type}`])),
            [...expected.answer, ...expected.authority, ...expected.additional].map(
              (record) => `${record.name} ${record.data.type}`,
            ),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });
});

const TYPE_NUMBERS: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  SOA: 6,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  ANY: 255,
};
