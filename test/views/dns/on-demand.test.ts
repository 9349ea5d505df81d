/** Questions about pools that are not there: which are asked for, how fast, and what is said meanwhile. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Counters } from "../../../src/views/dns/counters.ts";
import { ZoneEncoder } from "../../../src/views/dns/table/zone-encoder.ts";
import { Demand } from "../../../src/views/dns/thread/demand.ts";
import { Responder } from "../../../src/views/dns/thread/responder.ts";
import { WaitingRoom } from "../../../src/views/dns/thread/waiting-room.ts";
import { poolOfConsulName, poolOfOwnName } from "../../../src/views/dns/thread/wanted-pool.ts";
import { USE_MARK } from "../../../src/views/dns/use-mark.ts";
import { pool } from "./pools.ts";
import { SETTINGS } from "./responding.ts";
import { query, text } from "./zone-text.ts";

const LONGEST = "a".repeat(63);

/** The row says the labels before the zone, and the pools that our own zone and Consul's mean by them. */
const NAMES: readonly (readonly [string, string | undefined, string | undefined])[] = [
  ["db", "db", "db"],
  ["_db._tcp", "db", "db"],
  ["_db._tcp.all", "db", undefined],
  ["_db._blue", undefined, "blue.db"],
  ["blue.db", undefined, "blue.db"],
  ["my-db_2", "my-db_2", "my-db_2"],
  [LONGEST, LONGEST, LONGEST],
  [`_${LONGEST.slice(1)}._tcp`, LONGEST.slice(1), LONGEST.slice(1)],
  ["", undefined, undefined],
  ["_db", undefined, undefined],
  ["_tcp", undefined, undefined],
  ["__db._tcp", undefined, undefined],
  ["db._tcp", undefined, undefined],
  ["_db._udp.all", undefined, undefined],
  ["-db", undefined, undefined],
  ["db-", undefined, undefined],
  ["d\u0000b", undefined, undefined],
  ["d*", undefined, undefined],
  ["a.b.c", undefined, undefined],
];

test("a dot within a label separates nothing", () => {
  for (const labels of [["blue.db"], ["_blue.db", "_tcp"], ["blue", "a.db"], ["a.blue", "db"]]) {
    assert.deepEqual([poolOfOwnName(labels), poolOfConsulName(labels)], [undefined, undefined]);
  }
});

test("a name is that of one service, with a tag or without, or of none", () => {
  for (const [name, own, consuls] of NAMES) {
    const labels = name.split(".");
    assert.deepEqual([poolOfOwnName(labels), poolOfConsulName(labels)], [own, consuls], name);
  }
});

/** Settles after what timers of no delay do. */
function due(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 20);
  });
}

suite("the demand", () => {
  function demand(startsPerSecond: number) {
    const wanted: string[] = [];
    const made = new Demand((name) => wanted.push(name));
    made.configure({ startsPerSecond, consulNames: false });
    return { demand: made, wanted };
  }

  test("asks once for a pool, however often a question is about it", async () => {
    const { demand: on, wanted } = demand(10);
    for (let i = 0; i < 100; i += 1) {
      assert.equal(on.verdictOn("db", 1_000), "starting");
    }
    await due();
    assert.deepEqual(wanted, ["db"]);
  });

  test("asks for so many a second and as many at once, and remembers none of the others", async () => {
    const { demand: on, wanted } = demand(10);
    const verdicts = Array.from({ length: 100_000 }, (_, i) => on.verdictOn(`n${i}`, 1_000 + i / 1_000));
    const started = verdicts.filter((verdict) => verdict === "starting").length;
    // 10 at once, and those that are due within the quarter of a second for which a question waits.
    assert.ok(started >= 10 && started <= 14, `${started}`);
    await due();
    assert.ok(wanted.length <= started);
    const later = Array.from({ length: 100 }, (_, i) => on.verdictOn(`later${i}`, 2_100));
    assert.ok(later.filter((verdict) => verdict === "starting").length <= 13);
    on.close();
  });

  test("holds what was decided for as long as it is told", () => {
    const { demand: on } = demand(10);
    on.decided("db", "unknown", 10_000, 1_000);
    assert.equal(on.verdictOn("db", 10_999), "unknown");
    assert.equal(on.verdictOn("db", 11_001), "starting");
    on.close();
  });
});

suite("a question about a pool that is not there", () => {
  function responding() {
    const counters = new Counters();
    const demand = new Demand(() => undefined);
    demand.configure({ startsPerSecond: 10, consulNames: false });
    const uses = new Uint8Array(4);
    const asked: number[] = [];
    const responder = new Responder(counters, { demand, uses, asked: (slot) => asked.push(slot) });
    const encoder = new ZoneEncoder(SETTINGS);
    const show = (pools: Parameters<ZoneEncoder["encode"]>[0]) => {
      responder.replace(encoder.encode(pools));
    };
    show(new Map());
    return { asked, counters, demand, responder, show, uses };
  }

  const SRV = query("_db._tcp.headwaiter.internal. IN SRV");

  function late(responder: Responder): string {
    const reply = responder.respondLate(SRV, "udp");
    return typeof reply === "string" ? reply : text(reply);
  }

  test("waits briefly, and is answered by what was decided", () => {
    const { demand, responder, show } = responding();
    assert.equal(responder.respond(SRV, "udp"), "waits-briefly");
    assert.equal(responder.stillWaits(SRV), true);
    demand.decided("db", "not-ready", 1_000, performance.now());
    assert.equal(responder.stillWaits(SRV), false);
    assert.match(late(responder), /SERVFAIL/);
    demand.decided("db", "unknown", 1_000, performance.now());
    assert.match(late(responder), /NXDOMAIN/);
    show(new Map([["db", pool("live", ["10.0.0.1:1"])]]));
    assert.match(late(responder), /NOERROR/);
    demand.close();
  });

  test("is answered that nobody can tell when it has waited long enough", () => {
    const { demand, responder } = responding();
    assert.equal(responder.respond(SRV, "udp"), "waits-briefly");
    assert.match(late(responder), /SERVFAIL/);
    demand.close();
  });

  test("does not wait where its source may be forged and gets no more than it sent", () => {
    const { demand, responder } = responding();
    assert.ok(responder.respond(SRV, "slip") instanceof Buffer);
    demand.close();
  });

  test("does not wait in another class, nor for a transfer of the zone", () => {
    const { demand, responder } = responding();
    assert.ok(responder.respond(query("db.headwaiter.internal. CH TXT"), "udp") instanceof Buffer);
    assert.ok(responder.respond(query("db.headwaiter.internal. IN AXFR"), "tcp") instanceof Buffer);
    demand.close();
  });

  test("is noted, of whatever type, once the pool is there", () => {
    const { asked, demand, responder, show, uses } = responding();
    show(new Map([["db", { ...pool("live", ["10.0.0.1:1"]), useSlot: 2 }]]));
    responder.respond(query("db.headwaiter.internal. IN MX"), "udp");
    assert.deepEqual([...uses], [0, 0, USE_MARK.ASKED, 0]);
    assert.deepEqual(asked, []);
    uses[2] = USE_MARK.AWAITED;
    for (const question of ["db", "_db._tcp"]) {
      responder.respond(query(`${question}.headwaiter.internal. IN SRV`), "udp");
    }
    assert.deepEqual([...uses], [0, 0, USE_MARK.ASKED, 0]);
    assert.deepEqual(asked, [2], "the first question that was awaited is told");
    demand.close();
  });

  test("leaves the room before one that came earlier and has more patience", async () => {
    const { counters, demand, responder } = responding();
    const room = new WaitingRoom(responder, counters, { patienceMs: 60_000, briefPatienceMs: 10 });
    const answered: string[] = [];
    room.admit("a", SRV, "waits", () => answered.push("patient"));
    const { promise, resolve } = Promise.withResolvers<undefined>();
    room.admit("b", SRV, "waits-briefly", () => {
      answered.push("brief");
      resolve(undefined);
    });
    await promise;
    assert.deepEqual(answered, ["brief"]);
    room.close();
    assert.deepEqual(answered, ["brief", "patient"]);
    demand.close();
  });
});

test("a pool of 63 characters has the names that DNS can spell", () => {
  const table = new ZoneEncoder(SETTINGS).encode(new Map([[LONGEST, pool("live", ["10.0.0.1:1"])]]));
  const names = table.names.map(({ name }) => Buffer.from(name).toString("latin1"));
  assert.equal(names.filter((name) => name.includes(LONGEST)).length, 1);
});

test("a pool of a tag has no name of the agent's own zone", () => {
  const table = new ZoneEncoder(SETTINGS).encode(new Map([["blue.db", pool("live", ["10.0.0.1:1"])]]));
  const names = table.names.map(({ name }) => Buffer.from(name).toString("latin1"));
  assert.ok(!names.some((name) => name.includes("blue")));
});
