/** What the zone holds; that the bytes say the same is tested by answers.test.ts. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ListState } from "../../../src/core/pool-view.ts";
import { type RecordData, type ResourceRecord, TYPE } from "../../../src/views/dns/zone/record.ts";
import type { ZonePool } from "../../../src/views/dns/zone/zone.ts";
import { zoneSoa } from "../../../src/views/dns/zone/zone-soa.ts";
import { snapshot } from "./pools.ts";
import { type ModelReply, modelReply } from "./zone-model.ts";

const SETTINGS = {
  domain: "headwaiter.internal",
  ttlSeconds: 5,
  negativeTtlSeconds: 2,
  nameServerAddresses: ["127.0.0.1", "::1"],
};

function view(servers: readonly string[], state: ListState = "live"): ZonePool {
  return { snapshot: snapshot(servers), state };
}

function soaOf(record: ResourceRecord | undefined): Extract<RecordData, { type: "SOA" }> {
  assert.equal(record?.data.type, "SOA");
  return record.data;
}

/** A question of class IN over TCP. */
function answer(pools: ReadonlyMap<string, ZonePool>, name: string, type: number): ModelReply {
  return modelReply(SETTINGS, pools, {
    name: `${name}headwaiter.internal`,
    type,
    class: 1,
    transport: "tcp",
  });
}

describe("zone", () => {
  test("TTLs: lists as configured, negative answers as configured, addresses in names fixed", () => {
    const pools = new Map([["nomad", view(["10.0.0.1:4647"])]]);
    const srv = answer(pools, "_nomad._tcp.", TYPE.SRV);
    assert.deepEqual(
      [srv.answer, srv.additional].flat().map(({ ttl }) => ttl),
      [5, 300],
    );
    const none = answer(pools, "x.", TYPE.SRV);
    assert.equal(none.authority[0]?.ttl, 2);
    assert.equal(soaOf(none.authority[0]).minimum, 2);
  });

  test("the serial is the second of the newest change of any pool", () => {
    const old: ZonePool = {
      ...view(["10.0.0.1"]),
      snapshot: snapshot(["10.0.0.1"], { at: 1_700_000_000_000 }),
    };
    const young: ZonePool = { ...old, snapshot: snapshot(["10.0.0.1"], { at: 1_800_000_000_999 }) };
    assert.equal(soaOf(zoneSoa(SETTINGS, [young, old])).serial, 1_800_000_000);
    assert.equal(soaOf(zoneSoa(SETTINGS, [old], 1_800_000_000)).serial, 1_800_000_000);
  });

  test("two servers on one host: two SRV records, its address once", () => {
    const reply = answer(
      new Map([["nomad", view(["10.0.0.1:1", "10.0.0.1:2"])]]),
      "_nomad._tcp.all.",
      TYPE.SRV,
    );
    assert.deepEqual(
      reply.answer.map(({ data }) => (data.type === "SRV" ? `${data.priority} ${data.port}` : "")),
      ["0 1", "1 2"],
    );
    assert.equal(reply.additional.length, 1);
  });
});
