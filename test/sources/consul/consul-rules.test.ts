import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { seededRandom } from "../../../scripts/lab/seeded-random.ts";
import { backoffMs } from "../../../src/core/time/backoff.ts";
import { earliestNext, FRESH_PACE, type Pace, spend } from "../../../src/core/time/pace.ts";
import type { ServiceInstance } from "../../../src/net/consul/catalog.ts";
import { nextIndex } from "../../../src/sources/consul/blocking-index.ts";
import {
  type ConfirmedList,
  confirmAnswer,
  interruptHold,
  UNKNOWN_LIST,
} from "../../../src/sources/consul/confirmed-list.ts";
import { datacenterPlan, remoteOrder } from "../../../src/sources/consul/datacenter-order.ts";
import { addressesOf } from "../../../src/sources/consul/instance-addresses.ts";
import { backoffRule, DEFAULT_CONSUL_WATCH, deadlineMs } from "../../../src/sources/consul/watch-config.ts";

suite("the index of the next query", () => {
  const rows: [previous: number, answered: number | undefined, next: number, why: string][] = [
    [0, 17, 17, "the first answer"],
    [17, 18, 18, "a change"],
    [17, 17, 17, "the wait ran out"],
    [17, 3, 0, "it fell: Consul was wiped or restored"],
    [0, 0, 1, "0 would not wait"],
    [17, 0, 0, "it fell to 0"],
    [17, undefined, 0, "no index"],
  ];
  for (const [previous, answered, next, why] of rows) {
    test(`${previous} then ${answered ?? "none"} gives ${next}: ${why}`, () => {
      assert.equal(nextIndex(previous, answered), next);
    });
  }
});

suite("the pace of queries", () => {
  const rule = { minIntervalMs: 500, burst: 4 };

  /** When the queries start if every one is answered at once. */
  function starts(count: number, moved: boolean): number[] {
    let pace: Pace = FRESH_PACE;
    let now = 0;
    return Array.from({ length: count }, () => {
      const startedAt = now;
      pace = spend(pace, startedAt, rule);
      now = Math.max(now, earliestNext(pace, startedAt, moved, rule));
      return startedAt;
    });
  }

  test("answers that bring nothing are an interval apart", () => {
    assert.deepEqual(starts(4, false), [0, 500, 1_000, 1_500]);
  });

  test("changes are followed at once, until the burst is used up", () => {
    assert.deepEqual(starts(7, true), [0, 0, 0, 0, 0, 500, 1_000]);
  });

  test("a query that waited long leaves a whole allowance", () => {
    const pace = spend(spend(FRESH_PACE, 0, rule), 60_000, rule);
    assert.equal(pace, 60_500);
    assert.ok(earliestNext(pace, 60_000, true, rule) <= 60_000);
  });
});

suite("the delay between attempts", () => {
  const rule = { baseMs: 250, maxMs: 2_000 };

  test("its bound doubles up to the cap", () => {
    const bounds = [1, 2, 3, 4, 5, 6].map((attempt) => backoffMs(attempt, rule, 0.5) * 2);
    assert.deepEqual(bounds, [250, 500, 1_000, 2_000, 2_000, 2_000]);
  });

  test("it never overflows", () => {
    for (const attempt of [0, 31, 1_024, 1_025, Number.MAX_SAFE_INTEGER]) {
      const delay = backoffMs(attempt, rule, 0.999_999);
      assert.ok(Number.isFinite(delay) && delay >= 0 && delay < 2_000, `attempt ${attempt}: ${delay}`);
    }
  });

  test("it is spread over the whole range, also at the cap", () => {
    const random = seededRandom(7);
    const delays = Array.from({ length: 2_000 }, () => backoffMs(1_000, rule, random()));
    for (const quarter of [0, 500, 1_000, 1_500]) {
      const share =
        delays.filter((delay) => delay >= quarter && delay < quarter + 500).length / delays.length;
      assert.ok(share > 0.2 && share < 0.3, `from ${quarter} ms: ${share}`);
    }
  });
});

suite("the rule of the delay", () => {
  const config = { ...DEFAULT_CONSUL_WATCH, service: "web", maxBackoffMs: 2_000 };
  test("is patient with what was too large: each try may bring 32 MiB", () => {
    assert.deepEqual(backoffRule(config, "too-large"), { baseMs: 2_000, maxMs: 30_000 });
    assert.deepEqual(backoffRule(config, "http-5xx"), { baseMs: 250, maxMs: 2_000 });
  });
});

suite("the deadline of a query", () => {
  test("is the wait, Consul's own sixteenth and the slack", () => {
    assert.equal(deadlineMs(5, 60_000, 10_000), 73_750);
  });
  test("is the slack alone for a query that may not wait", () => {
    assert.equal(deadlineMs(0, 60_000, 10_000), 10_000);
  });
});

suite("an instance's address", () => {
  const instance: ServiceInstance = {
    id: "one",
    service: "nomad",
    serviceAddress: "10.0.0.1",
    nodeAddress: "10.9.9.9",
    port: 4647,
    datacenter: "dc1",
  };
  const usable: [change: Partial<ServiceInstance>, address: string][] = [
    [{}, "10.0.0.1:4647"],
    [{ serviceAddress: "" }, "10.9.9.9:4647"],
    [{ serviceAddress: "2001:db8::1" }, "[2001:db8::1]:4647"],
    [{ serviceAddress: "server.example" }, "server.example:4647"],
    [{ serviceAddress: "Server.Example." }, "server.example:4647"],
    [{ serviceAddress: "::ffff:10.0.0.1" }, "10.0.0.1:4647"],
    [{ serviceAddress: "2001:DB8:0::1" }, "[2001:db8::1]:4647"],
    [{ serviceAddress: "2001:db8::1:4647" }, "[2001:db8::1:4647]:4647"],
    [{ service: "Nomad" }, "10.0.0.1:4647"],
    [{ service: "" }, "10.0.0.1:4647"],
  ];
  for (const [change, address] of usable) {
    test(`${JSON.stringify(change)} is ${address}`, () => {
      assert.deepEqual(addressesOf({ instances: [{ ...instance, ...change }], skipped: [] }, "nomad"), {
        usable: [address],
        skipped: [],
      });
    });
  }
  const unusable: [change: Partial<ServiceInstance>, reason: RegExp][] = [
    [{ port: 0 }, /port 0: expected a port/],
    [{ port: 65_536 }, /port 65536/],
    [{ serviceAddress: "not a host" }, /expected a DNS name or an IP address/],
    [{ serviceAddress: "", nodeAddress: "" }, /expected a host/],
    [{ serviceAddress: "x".repeat(256) }, /256 characters: expected a host of 255 at most/],
    [{ serviceAddress: "0.0.0.0" }, /"0\.0\.0\.0": expected .* can be dialled: 0\.0\.0\.0 is unspecified/],
    [{ serviceAddress: "", nodeAddress: "::" }, /"::": .* unspecified/],
    [{ serviceAddress: "::ffff:0.0.0.0" }, /unspecified/],
    [{ serviceAddress: "ff02::1" }, /multicast/],
    [{ serviceAddress: "255.255.255.255" }, /broadcast/],
    [{ serviceAddress: "fe80::1" }, /link-local/],
    [{ serviceAddress: "fe80::1%eth0" }, /without a zone/],
    [{ serviceAddress: "010.0.0.1" }, /without leading zeros/],
    [{ serviceAddress: "10.0.0.1:4647" }, /expected an IPv6 address, or another host, without a port/],
    [{ service: "vault" }, /belongs to service "vault"/],
  ];
  for (const [change, reason] of unusable) {
    test(`${JSON.stringify(change)} is skipped, the others count`, () => {
      const found = addressesOf(
        { instances: [{ ...instance, ...change, id: "bad" }, instance], skipped: [] },
        "nomad",
      );
      assert.deepEqual(found.usable, ["10.0.0.1:4647"]);
      assert.equal(found.skipped.length, 1);
      assert.equal(found.skipped[0]?.id, "bad");
      assert.match(found.skipped[0].reason, reason);
    });
  }
  test("entries that could not be read are skipped with them", () => {
    const skipped = [{ id: "two", reason: "port: expected number" }];
    assert.deepEqual(addressesOf({ instances: [instance], skipped }, "nomad"), {
      usable: ["10.0.0.1:4647"],
      skipped,
    });
  });
  test("two instances at one address are one server", () => {
    assert.deepEqual(
      addressesOf({ instances: [instance, { ...instance, id: "two" }], skipped: [] }, "nomad").usable,
      ["10.0.0.1:4647"],
    );
  });
});

suite("the order of datacenters", () => {
  test("without a list: the local one, then what the catalog names", () => {
    assert.deepEqual(datacenterPlan([]), { preferred: undefined, others: undefined });
  });
  test("a list wins", () => {
    assert.deepEqual(datacenterPlan(["b", "a"]), { preferred: "b", others: ["a"] });
  });
  test("remote ones: without the local one, at most 8, every one first now and then", () => {
    const all = Array.from({ length: 12 }, (_, number) => `dc${number}`);
    const random = seededRandom(3);
    const firsts = new Set<string>();
    for (let run = 0; run < 500; run += 1) {
      const order = remoteOrder(all, "dc0", random);
      assert.equal(order.length, 8);
      assert.equal(new Set(order).size, 8);
      assert.ok(!order.includes("dc0"));
      firsts.add(order[0] ?? "");
    }
    assert.equal(firsts.size, 11);
  });
});

suite("an empty answer", () => {
  const HOLD = 90_000;
  const held: ConfirmedList = { addresses: ["a:1"], emptyUntil: undefined };
  const empty = { addresses: [], mayConfirm: true };

  test("keeps the list until it was confirmed for the hold time", () => {
    const first = confirmAnswer(held, empty, 1_000, HOLD);
    assert.deepEqual(first, { addresses: ["a:1"], emptyUntil: 91_000 });
    assert.deepEqual(confirmAnswer(first, empty, 90_999, HOLD), first);
    assert.deepEqual(confirmAnswer(first, empty, 91_000, HOLD), UNKNOWN_LIST);
  });
  test("is forgotten when servers come back", () => {
    const first = confirmAnswer(held, empty, 1_000, HOLD);
    assert.deepEqual(confirmAnswer(first, { addresses: ["b:1"], mayConfirm: true }, 2_000, HOLD), {
      addresses: ["b:1"],
      emptyUntil: undefined,
    });
  });
  test("starts over after a failure", () => {
    const interrupted = interruptHold(confirmAnswer(held, empty, 1_000, HOLD));
    assert.deepEqual(interrupted, held);
    assert.equal(confirmAnswer(interrupted, empty, 95_000, HOLD).emptyUntil, 185_000);
  });
  test("that the token's rights explain confirms nothing", () => {
    assert.deepEqual(confirmAnswer(held, { addresses: [], mayConfirm: false }, 1_000, HOLD), held);
  });
  test("needs no hold when there was no list", () => {
    assert.deepEqual(confirmAnswer(UNKNOWN_LIST, empty, 1_000, HOLD), UNKNOWN_LIST);
  });
});
