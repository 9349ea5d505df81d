import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { WatchEvent } from "../../../src/sources/consul/datacenter-watch.ts";
import type { Listing } from "../../../src/sources/consul/listing.ts";
import type { RemoteEvent } from "../../../src/sources/consul/remote-watch.ts";
import {
  afterLocal,
  afterRemote,
  afterStart,
  afterStop,
  afterTier,
  IDLE_RECORD,
  type WatchRecord,
} from "../../../src/sources/consul/watch-record.ts";
import { statusOf } from "../../../src/sources/consul/watch-status.ts";
import { failure } from "../../support/fake-catalog.ts";

const [A, B, REMOTE] = ["10.0.0.1:4647", "10.0.0.2:4647", "10.2.0.1:4647"] as const;
const EMPTY_HOLD_MS = 90_000;

function listing(usable: readonly string[], more: Partial<Listing> = {}): Listing {
  return { usable, skipped: [], datacenter: "dc1", filteredByAcl: false, withToken: false, ...more };
}

const answered = (usable: readonly string[], more: Partial<Listing> = {}): WatchEvent => ({
  kind: "answered",
  listing: listing(usable, more),
  index: 10,
});
const failed = (code: string, attempt = 1): WatchEvent => ({
  kind: "failed",
  failure: Object.assign(failure(code), { code }),
  attempt,
  delayMs: 250,
});
const remote = (datacenter: string, event: WatchEvent): RemoteEvent => ({ ...event, datacenter });
const searched = (foundNone: boolean): RemoteEvent => ({ kind: "searched", foundNone });

type Step = [now: number, event: WatchEvent] | [now: number, event: RemoteEvent, where: "remote"];

/** The record after these events, from a start at 0. */
function after(...steps: readonly Step[]): WatchRecord {
  return steps.reduce<WatchRecord>(
    (record, step) => {
      const moment = { now: step[0], emptyHoldMs: EMPTY_HOLD_MS };
      return step.length === 3 ? afterRemote(record, step[1], moment) : afterLocal(record, step[1], moment);
    },
    afterStart(IDLE_RECORD, 0),
  );
}

suite("what the sink is told", () => {
  const rows: [what: string, steps: readonly Step[], told: readonly string[] | undefined][] = [
    ["nothing before the first answer", [[1, failed("reset")]], undefined],
    ["what the local datacenter has", [[1, answered([A, B])]], [A, B]],
    ["that there is nothing, when the first answer is empty", [[1, answered([])]], []],
    [
      "held servers with those of another datacenter behind them",
      [
        [1, answered([A])],
        [2, answered([])],
        [3, remote("dc2", answered([REMOTE, A])), "remote"],
      ],
      [A, REMOTE],
    ],
    [
      "the other datacenter's alone after the hold time",
      [
        [1, answered([A])],
        [2, answered([])],
        [3, remote("dc2", answered([REMOTE])), "remote"],
        [2 + EMPTY_HOLD_MS, answered([])],
      ],
      [REMOTE],
    ],
    [
      "the local ones alone when they are back",
      [
        [1, answered([])],
        [2, remote("dc2", answered([REMOTE])), "remote"],
        [3, answered([B])],
      ],
      [B],
    ],
    [
      "a lost datacenter's until none was found for the hold time",
      [
        [1, answered([])],
        [2, remote("dc2", answered([REMOTE])), "remote"],
        [1 + EMPTY_HOLD_MS, searched(true), "remote"],
      ],
      [REMOTE],
    ],
    [
      "nothing then",
      [
        [1, answered([])],
        [2, remote("dc2", answered([REMOTE])), "remote"],
        [2 + EMPTY_HOLD_MS, searched(true), "remote"],
      ],
      [],
    ],
    [
      "a lost datacenter's for good while another one gives no answer",
      [
        [1, answered([])],
        [2, remote("dc2", answered([REMOTE])), "remote"],
        [2 + 10 * EMPTY_HOLD_MS, searched(false), "remote"],
      ],
      [REMOTE],
    ],
  ];
  for (const [what, steps, told] of rows) {
    test(`is ${what}`, () => {
      assert.deepEqual(after(...steps).report?.addresses, told);
    });
  }

  test("is the identical report while it says the same", () => {
    const first = after([1, answered([A])]);
    const second = afterLocal(first, answered([A]), { now: 2, emptyHoldMs: EMPTY_HOLD_MS });
    assert.equal(second.report, first.report);
    assert.equal(afterTier(second, "backup").report, first.report);
    assert.deepEqual(afterTier(second, "primary").report, { addresses: [A], tier: "primary" });
  });

  test("stays after the end, in whatever tier, and through another start", () => {
    const served = after([1, answered([])], [2, remote("dc2", answered([REMOTE])), "remote"]);
    const stopped = afterTier(afterStop(served, 3), "primary");
    assert.deepEqual(stopped.report, { addresses: [REMOTE], tier: "primary" });
    assert.equal(afterStart(stopped, 4).report, stopped.report);
    assert.equal(stopped.remote, undefined);
  });
});

suite("other datacenters", () => {
  const rows: [what: string, steps: readonly Step[], asked: boolean][] = [
    ["not before the first answer", [[1, failed("reset")]], false],
    ["not while the local one has servers", [[1, answered([A])]], false],
    [
      "as soon as it lists none that can be used",
      [[1, answered([], { skipped: [{ id: "x", reason: "" }] })]],
      true,
    ],
    [
      "through a failure of the local one",
      [
        [1, answered([])],
        [2, failed("reset")],
      ],
      true,
    ],
    [
      "no more when it has servers again",
      [
        [1, answered([])],
        [2, answered([A])],
      ],
      false,
    ],
  ];
  for (const [what, steps, asked] of rows) {
    test(`are asked ${what}`, () => {
      assert.equal(after(...steps).remote !== undefined, asked);
    });
  }

  test("change nothing of the local watch's state; what they answer is counted", () => {
    const before = after([1, answered([])]);
    const moment = { now: 2, emptyHoldMs: EMPTY_HOLD_MS };
    const events: readonly RemoteEvent[] = [
      remote("dc2", failed("http-5xx")),
      remote("dc2", { kind: "wait-limited", limitMs: 5 }),
      remote("dc2", answered([])),
      { kind: "catalog-failed", failure: Object.assign(failure("timeout"), { code: "timeout" }) },
    ];
    const record = events.reduce((last, event) => afterRemote(last, event, moment), before);
    const { state, index, waitLimitMs, told, queries, lastError } = record;
    assert.deepEqual(
      [state, index, waitLimitMs, told],
      [before.state, before.index, before.waitLimitMs, before.told],
    );
    assert.deepEqual(queries, { ok: 2, "http-5xx": 1, timeout: 1 });
    assert.deepEqual(lastError, { code: "timeout", message: "failed: timeout", at: 2 });
  });
});

suite("which failures are told", () => {
  test("each kind once in an outage: a reset and a refusal are one kind", () => {
    const record = after([1, failed("reset")], [2, failed("unreachable", 2)], [3, failed("http-403", 3)]);
    assert.deepEqual(record.told.inOutage, ["no-answer", "http-403"]);
    assert.deepEqual(record.state, { kind: "retrying", since: 1, attempt: 3, retryAt: 253 });
  });
  test("not again within 10 s of the last time, although the outage is another one", () => {
    const flaps = (againAt: number) =>
      after([1, failed("reset")], [2, answered([A])], [againAt, failed("reset")]).told.inOutage;
    assert.deepEqual(flaps(10_000), []);
    assert.deepEqual(flaps(10_001), ["no-answer"]);
  });
});

test("the status says where the servers are, and how many", () => {
  const local = after([1, answered([A])]);
  const held = after([1, answered([A])], [2, answered([], { datacenter: undefined })]);
  const away = after([1, answered([])], [2, remote("dc2", answered([REMOTE, B])), "remote"]);
  const none = after([1, answered([])]);
  assert.deepEqual(
    [local, held, away, none].map((record) => {
      const { datacenter, servers, emptyUntil } = statusOf(record);
      return [datacenter, servers, emptyUntil];
    }),
    [
      ["dc1", 1, undefined],
      ["dc1", 1, 2 + EMPTY_HOLD_MS],
      ["dc2", 2, undefined],
      [undefined, 0, undefined],
    ],
  );
});
