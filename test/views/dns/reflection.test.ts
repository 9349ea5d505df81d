/**
 * What a forged query is worth: to sources beyond this machine, and where another DNS server stands behind the
 * source.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode } from "dns-packet";
import type { Way } from "../../../src/views/dns/thread/responder.ts";
import { manyServers, pool } from "./pools.ts";
import { replyOf, respondingFor } from "./responding.ts";
import { query } from "./zone-text.ts";

const ZONE = "headwaiter.internal";
const many = Array.from({ length: 60 }, (_, i) => `10.1.0.${i + 1}`).join(",");
const { responder } = respondingFor({
  nomad: pool("live", manyServers(11)),
  short: pool("stale", ["10.0.0.1:4647"]),
  wide: pool("live", [`db.example:5432=${many}`]),
  cold: { ...pool("empty", []) },
});
const NAMES = [
  ...["nomad", "short", "wide", "cold"].flatMap((name) => [`_${name}._tcp`, `_${name}._tcp.all`, name]),
  ...["_tcp.all", "all", "ns", "10-0-0-9.addr", "nothing"],
].map((name) => `${name}.${ZONE}`);
const QUESTIONS = [...NAMES, ZONE, "elsewhere.example"].flatMap((name) =>
  ["SRV", "A", "TXT", "ANY", "AXFR", "SOA"].flatMap((type) =>
    ["", "+edns=0", "+edns=0 +do +bufsize=4096"].map((switches) => query(`${name}. IN ${type} ${switches}`)),
  ),
);
const UNREADABLE = [
  query(`${ZONE}. IN SOA +opcode=5`),
  query(`${ZONE}. IN A +edns=1`),
  query(`${ZONE}. IN A`).subarray(0, 20),
  Buffer.from("000000000001000000000000", "hex"),
];

function ask(
  name: string,
  way: Way,
  switches = "+edns=0",
): ReturnType<typeof decode> & { readonly length: number } {
  const reply = responder.respond(query(`${name}.${ZONE}. IN SRV ${switches}`), way);
  assert.ok(Buffer.isBuffer(reply));
  return Object.assign(decode(reply), { length: reply.length });
}

describe("reflection", () => {
  test("no answer is answered: two DNS servers that a forged query brings together are silent", () => {
    for (const way of ["udp", "far-udp", "slip", "tcp"] as const) {
      for (const message of [...QUESTIONS, ...UNREADABLE]) {
        const reply = replyOf(responder, message, way);
        if (reply !== undefined) {
          assert.equal(responder.respond(reply, way), undefined);
        }
      }
    }
  });

  test("a slip is no longer than the query, empty and truncated, so that the client comes by TCP", () => {
    for (const message of QUESTIONS) {
      const reply = responder.respond(message, "slip");
      assert.ok(Buffer.isBuffer(reply));
      assert.ok(reply.length <= message.length, `${reply.length} for ${message.length}`);
      const { flag_tc, questions, answers, authorities, additionals } = decode(reply);
      assert.equal(flag_tc, true);
      assert.equal(questions?.length, 1);
      assert.deepEqual([answers, authorities], [[], []]);
      assert.deepEqual(
        additionals?.filter(({ type }) => type !== "OPT"),
        [],
      );
    }
  });

  test("what can't be read gets no slip: nobody would come by TCP", () => {
    for (const message of UNREADABLE) {
      assert.equal(responder.respond(message, "slip"), undefined);
    }
  });

  test("nothing longer than 512 bytes goes to a source that may be forged, whatever it says it takes", () => {
    for (const message of QUESTIONS) {
      const reply = responder.respond(message, "far-udp");
      assert.ok(Buffer.isBuffer(reply) && reply.length <= 512);
    }
  });

  test("a list goes to it over TCP only, however short; the head goes over UDP", () => {
    for (const name of ["nomad", "short"]) {
      const list = ask(`_${name}._tcp.all`, "far-udp");
      assert.deepEqual([list.flag_tc, list.answers?.length], [true, 0]);
      assert.ok((ask(`_${name}._tcp.all`, "tcp").answers?.length ?? 0) > 0);
      const head = ask(`_${name}._tcp`, "far-udp");
      assert.deepEqual([head.flag_tc, head.answers?.length], [false, 1]);
    }
  });

  test("this machine gets the list over UDP", () => {
    const list = ask("_nomad._tcp.all", "udp");
    assert.deepEqual([list.flag_tc, list.answers?.length], [false, 11]);
  });
});
