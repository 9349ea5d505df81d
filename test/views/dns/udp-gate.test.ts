import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Counters } from "../../../src/views/dns/counters.ts";
import { UdpGate } from "../../../src/views/dns/thread/udp-gate.ts";
import { sourceOf } from "../../../src/views/dns/thread/udp-source.ts";

describe("the gate for packets over UDP", () => {
  const near = { address: "127.0.0.1", port: 40_000 };
  const far = { address: "192.0.2.1", port: 40_000 };

  function gateWith(answersPerSecond: number | undefined) {
    const counters = new Counters();
    const gate = new UdpGate(counters, answersPerSecond);
    return {
      ways: (source: typeof near, count: number) =>
        Array.from({ length: count }, () => gate.wayFor(60, sourceOf(source.address, source.port), 1)),
      wayOf: (length: number, source: typeof near) =>
        gate.wayFor(length, sourceOf(source.address, source.port), 1),
      counted: () => {
        const { dropped, fromServicePort, limited, slipped } = Counters.sum([counters]).events;
        return { dropped, fromServicePort, limited, slipped };
      },
    };
  }

  test("this machine has no limit, others have theirs", () => {
    const { ways, counted } = gateWith(2);
    assert.deepEqual(new Set(ways(near, 100)), new Set(["udp"]));
    assert.deepEqual(ways(far, 6), ["far-udp", "far-udp", undefined, "slip", undefined, "slip"]);
    assert.deepEqual(counted(), { dropped: 2, fromServicePort: 0, limited: 2, slipped: 2 });
  });

  test("without a limit others get no lists all the same", () => {
    const { ways, counted } = gateWith(undefined);
    assert.deepEqual(new Set(ways(far, 2000)), new Set(["far-udp"]));
    assert.deepEqual(counted(), { dropped: 0, fromServicePort: 0, limited: 0, slipped: 0 });
  });

  test("a service's port is dropped wherever it is, and takes nothing of the limit", () => {
    const { ways, wayOf, counted } = gateWith(1);
    assert.deepEqual(
      [wayOf(60, { ...near, port: 19 }), wayOf(60, { ...far, port: 123 })],
      [undefined, undefined],
    );
    assert.deepEqual(ways({ ...far, port: 53 }, 1), ["far-udp"]);
    assert.deepEqual(counted(), { dropped: 2, fromServicePort: 2, limited: 0, slipped: 0 });
  });

  test("what is longer than a query can be is dropped", () => {
    const { wayOf, counted } = gateWith(1);
    assert.deepEqual([wayOf(1233, near), wayOf(1232, near)], [undefined, "udp"]);
    assert.equal(counted().dropped, 1);
  });
});
