/** What is counted, and as what: answers of a responder without sockets. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Counters, type CounterValues, type Transport } from "../../../src/views/dns/counters.ts";
import { manyServers, pool } from "./pools.ts";
import { respondingFor } from "./responding.ts";
import { query } from "./zone-text.ts";

function countedFor(...messages: readonly (readonly [Transport, Uint8Array])[]): CounterValues {
  const { responder, counters } = respondingFor({
    nomad: pool("live", manyServers(300)),
    old: pool("stale", ["10.9.9.9:4647"]),
  });
  for (const [transport, message] of messages) {
    responder.respond(message, transport);
  }
  return Counters.sum([counters]);
}

function requests(values: CounterValues): readonly string[] {
  return values.requests
    .filter(({ count }) => count > 0)
    .map(({ transport, type, count }) => `${transport} ${type} ${count}`);
}

function responses(values: CounterValues): readonly string[] {
  return values.responses.filter(({ count }) => count > 0).map(({ rcode, count }) => `${rcode} ${count}`);
}

const SRV = query("_nomad._tcp.headwaiter.internal. IN SRV");

describe("counters", () => {
  test("a query over UDP counts as UDP, one over TCP as TCP", () => {
    const values = countedFor(["udp", SRV], ["udp", SRV], ["tcp", SRV]);
    assert.deepEqual(requests(values), ["udp SRV 2", "tcp SRV 1"]);
    assert.deepEqual(responses(values), ["NOERROR 3"]);
  });

  test("each type that is told apart has its own count, all others one", () => {
    const ask = (type: string): readonly [Transport, Buffer] => [
      "udp",
      query(`headwaiter.internal. IN ${type}`),
    ];
    const types = ["A", "AAAA", "SRV", "TXT", "SOA", "NS", "ANY"];
    const values = countedFor(...[...types, "MX", "DNSKEY", "TYPE65400"].map(ask));
    assert.deepEqual(requests(values), [...types.map((type) => `udp ${type} 1`), "udp other 3"]);
  });

  test("an answer that says why there is none is a request too; a question that can't be read has no type", () => {
    const values = countedFor(
      ["udp", query("headwaiter.internal. IN SOA +opcode=5")],
      ["udp", query("headwaiter.internal. IN A +edns=1")],
      ["udp", Buffer.concat([SRV.subarray(0, 11), Buffer.of(1), SRV.subarray(12)])],
      ["udp", SRV],
      ["udp", SRV.subarray(0, 20)],
      ["udp", query("example. IN A")],
    );
    assert.deepEqual(requests(values), ["udp A 2", "udp SRV 2", "udp SOA 1", "udp other 1"]);
    assert.deepEqual(responses(values), ["NOERROR 1", "FORMERR 2", "NOTIMP 1", "REFUSED 1", "BADVERS 1"]);
  });

  test("what gets no answer is dropped, and no request", () => {
    const values = countedFor(["udp", query("headwaiter.internal. IN SOA +qr")], ["udp", Buffer.of(0)]);
    assert.deepEqual([requests(values), responses(values), values.events.dropped], [[], [], 2]);
  });

  test("stale: answers from a remembered list, also to who does not understand extended errors", () => {
    const old = query("_old._tcp.headwaiter.internal. IN SRV");
    const oldWithEdns = query("_old._tcp.headwaiter.internal. IN SRV +edns=0");
    const nothing = query("old.headwaiter.internal. IN AAAA");
    const values = countedFor(["udp", old], ["udp", oldWithEdns], ["tcp", nothing], ["udp", SRV]);
    assert.equal(values.events.stale, 3);
  });

  test("truncated: answers with TC", () => {
    const all = query("_nomad._tcp.all.headwaiter.internal. IN SRV");
    assert.equal(countedFor(["udp", all], ["udp", SRV], ["udp", all], ["tcp", all]).events.truncated, 2);
  });

  test("a time goes to the first bucket whose bound it does not exceed, the longest to one more", () => {
    const counters = new Counters();
    const { boundsSeconds } = Counters.sum([counters]).duration;
    for (const bound of boundsSeconds) {
      counters.duration(bound);
    }
    counters.duration(0);
    counters.duration(0.000_011);
    counters.duration(60);
    const { buckets, count, sumSeconds } = Counters.sum([counters, counters]).duration;
    assert.deepEqual(buckets, [4, 4, ...boundsSeconds.slice(2).map(() => 2), 2]);
    assert.equal(count, 2 * (boundsSeconds.length + 3));
    const sum = 2 * (boundsSeconds.reduce((total, bound) => total + bound, 0) + 60.000_011);
    assert.ok(Math.abs(sumSeconds - sum) < 1e-9);
  });
});
