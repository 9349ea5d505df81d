/**
 * Laws that hold after any sequence of any events. A failure prints its seed and path: give both to `fc.assert` to
 * replay.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isOnlyRemembered } from "../../src/core/claims.ts";
import { parseRpcAddr } from "../../src/core/rpc-addr.ts";
import { ServerEndpoint } from "../../src/core/server-endpoint.ts";
import type { ServerEvent } from "../../src/core/server-event.ts";
import { Snapshot } from "../../src/core/snapshot.ts";
import { transition } from "../../src/core/transition.ts";

const RUNS = { numRuns: 3_000 };

// Eight servers, so that events meet; the last one has a name.
const SERVERS = [
  ...Array.from({ length: 7 }, (_, index) => ServerEndpoint.fromLiteral(`10.0.0.${index + 1}`)),
  new ServerEndpoint("web", parseRpcAddr("web"), ["10.0.0.8"]),
];

const server = fc.constantFrom(...SERVERS);
const servers = fc.array(server, { maxLength: 10 });
const key = fc.oneof(
  { weight: 9, arbitrary: server.map((one) => one.key) },
  { weight: 1, arbitrary: fc.string() },
);
const tier = fc.constantFrom("primary" as const, "backup" as const);
const numNodes = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.constantFrom(-1, Number.NaN, Number.POSITIVE_INFINITY, -0),
);

function setOf<Element>(element: fc.Arbitrary<Element>) {
  return fc.uniqueArray(element, { maxLength: 3 }).map((elements) => new Set(elements));
}

const failed = fc.record({
  kind: fc.constant("server-failed" as const),
  key,
  source: fc.constantFrom("health", "api"),
});

const passedOn = fc
  .tuple(failed, key, fc.array(key))
  .map(([event, next, others]) => ({ ...event, successor: { key: next, failed: new Set(others) } }));

const event: fc.Arbitrary<ServerEvent> = fc.oneof(
  fc.record({
    kind: fc.constant("primary-added" as const),
    endpoint: server,
    source: fc.constantFrom("api" as const, "static" as const),
  }),
  fc.record({
    kind: fc.constant("backups-reported" as const),
    endpoints: servers,
    source: fc.constantFrom("consul" as const, "state-file" as const),
    tier,
  }),
  fc.record({
    kind: fc.constant("heartbeat-received" as const),
    primaries: servers,
    backups: servers,
    numNodes,
    leaderAddr: fc.constantFrom("", "a", "b"),
  }),
  failed,
  passedOn,
  fc.record({
    kind: fc.constant("configuration-changed" as const),
    ended: setOf(fc.constantFrom("consul" as const, "heartbeat" as const)),
    dropped: setOf(key),
    configured: setOf(key),
  }),
  fc.record({
    kind: fc.constant("server-removed" as const),
    key,
    source: fc.constant("api"),
    reason: fc.string(),
  }),
  fc.record({
    kind: fc.constant("server-found" as const),
    endpoint: server,
    source: fc.constantFrom("consul" as const, "heartbeat" as const),
    tier,
  }),
  fc.record({
    kind: fc.constantFrom("server-barred" as const, "server-admitted" as const),
    key,
    source: fc.constant("region"),
    reason: fc.string(),
  }),
  fc.record({
    kind: fc.constant("server-resolved" as const),
    key,
    addresses: fc.array(fc.constantFrom("10.0.0.8", "10.0.0.9"), { maxLength: 2 }),
  }),
  fc.record({
    kind: fc.constant("address-heard" as const),
    key,
    address: fc.constantFrom("10.0.0.8", "10.0.0.9"),
    finding: fc.constantFrom({ answers: true } as const, { answers: false, reason: "refused" } as const),
    source: fc.constant("health"),
  }),
  fc.record({ kind: fc.constant("rebalanced" as const), order: fc.array(key, { maxLength: 10 }) }),
);

const events = fc.array(event, { maxLength: 30 });

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) {
      deepFreeze(inner);
    }
  }
  return value;
}

/** Everything a reader may see of a snapshot, as one text. */
function seen(snapshot: Snapshot): string {
  const members = [...snapshot.members].map(([memberKey, member]) => [memberKey, member]);
  return JSON.stringify([snapshot, snapshot.order, members, snapshot.head, snapshot.servers]);
}

/** What an event may change: all but revision, cause, difference and time. */
function content(snapshot: Snapshot): string {
  const members = snapshot.order
    .map((listed) => snapshot.members.get(listed))
    .map((member) => [member, member?.endpoint.findings()])
    .toArray();
  return JSON.stringify([
    members,
    [...snapshot.barred].toSorted(([one], [other]) => (one < other ? -1 : 1)),
    `${snapshot.numNodes}`,
    Object.is(snapshot.numNodes, -0),
    snapshot.leaderAddr,
  ]);
}

/** Calls back with each step of a sequence of events. */
function eachStep(
  sequence: readonly ServerEvent[],
  check: (next: Snapshot, previous: Snapshot, cause: ServerEvent) => void,
): Snapshot {
  let snapshot = Snapshot.empty(0);
  for (const [index, step] of sequence.entries()) {
    const next = transition(snapshot, step, index + 1);
    check(next, snapshot, step);
    snapshot = next;
  }
  return snapshot;
}

test("any sequence of any events is total: keys unique, active = primaries ∪ backups, head first", () => {
  fc.assert(
    fc.property(events, (sequence) => {
      eachStep(sequence, (next) => {
        const order = next.order.toArray();
        assert.equal(new Set(order).size, order.length, "keys unique");
        const listed = next.servers.map((one) => one.key);
        assert.deepEqual(listed, order);
        const tiers = [...next.serversOf("primary"), ...next.serversOf("backup")].map((one) => one.key);
        assert.deepEqual(tiers.toSorted(), order.toSorted(), "active = primaries ∪ backups");
        assert.deepEqual([...next.members.keys()].toSorted(), order.toSorted());
        assert.equal(next.size, order.length);
        assert.equal(next.head, next.servers[0]);
      });
    }),
    RUNS,
  );
});

test("a barred server is on no list, whatever sources say of it, until it is admitted; none is both", () => {
  fc.assert(
    fc.property(events, (sequence) => {
      eachStep(sequence, (next, previous, cause) => {
        for (const barred of next.barred.keys()) {
          assert.ok(!next.members.has(barred), "none is both");
        }
        for (const barred of previous.barred.keys()) {
          const isAdmitted = cause.kind === "server-admitted" && cause.key === barred;
          assert.equal(next.members.has(barred), isAdmitted);
        }
        const came = [...next.barred.keys()].filter((one) => !previous.barred.has(one));
        assert.deepEqual(came, came.length > 0 && cause.kind === "server-barred" ? [cause.key] : []);
      });
    }),
    RUNS,
  );
});

test("an event that changes nothing returns the identical object, and one that changes something does not", () => {
  fc.assert(
    fc.property(events, (sequence) => {
      eachStep(sequence, (next, previous, cause) => {
        const isSame = content(next) === content(previous);
        assert.equal(next === previous, isSame, JSON.stringify(cause));
        assert.equal(next.revision, previous.revision + (isSame ? 0 : 1));
      });
    }),
    RUNS,
  );
});

test("since when the head is the head: the change that made it so, kept through every other change", () => {
  fc.assert(
    fc.property(events, (sequence) => {
      eachStep(sequence, (next, previous) => {
        const { at, cause, head, headSince, revision } = next;
        const isKept = head?.key === previous.head?.key;
        const before = previous.head?.key;
        const tier = previous.tierOf(before ?? "");
        const isFirst = before === undefined || tier === undefined;
        const since = { previous: isFirst ? undefined : { key: before, tier }, at, cause, revision };
        assert.deepEqual(headSince, isKept ? previous.headSince : head && since);
      });
    }),
    RUNS,
  );
});

test("any event twice in a row: the second changes nothing, but for failures", () => {
  fc.assert(
    fc.property(events, event, (sequence, last) => {
      fc.pre(last.kind !== "server-failed");
      const once = transition(
        eachStep(sequence, () => undefined),
        last,
        99,
      );
      assert.equal(transition(once, last, 100), once);
    }),
    RUNS,
  );
});

test("neither an event nor an earlier snapshot is ever modified", () => {
  fc.assert(
    fc.property(events, (sequence) => {
      const before = new Map<Snapshot, string>();
      const given = JSON.stringify(sequence);
      eachStep(deepFreeze(sequence), (next, previous) => {
        before.set(previous, before.get(previous) ?? seen(previous));
        assert.ok(Object.isFrozen(next));
      });
      for (const [snapshot, text] of before) {
        assert.equal(seen(snapshot), text);
      }
      assert.equal(JSON.stringify(sequence), given);
    }),
    RUNS,
  );
});

test("the difference is exactly who came and who left", () => {
  fc.assert(
    fc.property(events, (sequence) => {
      eachStep(sequence, (next, previous) => {
        if (next === previous) {
          return;
        }
        const { added, removed, moved } = next.difference;
        const came = next.order.filter((one) => !previous.members.has(one)).toArray();
        const left = previous.order.filter((one) => !next.members.has(one)).toArray();
        assert.deepEqual(added.toSorted(), came.toSorted());
        assert.deepEqual(removed.toSorted(), left.toSorted());
        // Who is not told to have moved, stands as before among the others that stayed and were not.
        const still = (order: Snapshot["order"]) =>
          order.filter((one) => next.members.has(one) && previous.members.has(one) && !moved.includes(one));
        assert.deepEqual(still(next.order).toArray(), still(previous.order).toArray());
      });
    }),
    RUNS,
  );
});

test("a rotation keeps the relative order of all others", () => {
  fc.assert(
    fc.property(events, failed, (sequence, failure) => {
      const before = eachStep(sequence, () => undefined);
      const [head, ...others] = before.order.toArray();
      const after = transition(before, failure, 99);
      assert.deepEqual(
        after.order.toArray(),
        failure.key === head && others.length > 0 ? [...others, head] : before.order.toArray(),
      );
    }),
    RUNS,
  );
});

test("a source that reports nothing usable never empties a list", () => {
  fc.assert(
    fc.property(events, numNodes, (sequence, nodes) => {
      const before = eachStep(sequence, () => undefined);
      const empty: ServerEvent = {
        kind: "heartbeat-received",
        primaries: [],
        backups: [],
        numNodes: nodes,
        leaderAddr: "x",
      };
      const after = transition(before, empty, 99);
      assert.equal(after.order, before.order);
      assert.equal(after.members, before.members);
      assert.equal(after.numNodes, nodes);
    }),
    RUNS,
  );
});

test("only failures, removals and rebalances take the head away from a server that stays and that a source names", () => {
  fc.assert(
    fc.property(events, (sequence) => {
      eachStep(sequence, (next, previous, cause) => {
        const head = previous.head?.key;
        const claims = next.members.get(head ?? "")?.claims;
        if (claims !== undefined && !isOnlyRemembered(claims) && next.head?.key !== head) {
          assert.match(cause.kind, /^(server-failed|rebalanced)$/);
        }
      });
    }),
    RUNS,
  );
});

test("after a head that handed over, those that failed before its successor are last, in their order, and the others keep theirs", () => {
  fc.assert(
    fc.property(events, passedOn, (sequence, handOver) => {
      const before = eachStep(sequence, () => undefined);
      const head = before.head?.key ?? "";
      const { failed: gone, key: next } = handOver.successor;
      fc.pre(before.members.has(next) && next !== head);
      const after = transition(before, { ...handOver, key: head }, 99);
      assert.equal(after.head?.key, next);
      const stays = (other: string) => other !== head && other !== next && !gone.has(other);
      assert.deepEqual(after.order.filter(stays).toArray(), before.order.filter(stays).toArray());
      const passed = before.order.takeUntil((other) => other === next).filter((other) => !stays(other));
      assert.deepEqual(after.order.takeLast(passed.size).toArray(), passed.toArray());
      assert.equal(after.members, before.members);
    }),
    RUNS,
  );
});
