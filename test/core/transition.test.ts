/** The transitions: what each event does, why the snapshot says it came about, and what changed. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { AddressFinding } from "../../src/core/address-findings.ts";
import { parseRpcAddr } from "../../src/core/rpc-addr.ts";
import { ServerEndpoint } from "../../src/core/server-endpoint.ts";
import type { ServerEvent } from "../../src/core/server-event.ts";
import { type Cause, type Difference, Snapshot } from "../../src/core/snapshot.ts";
import { transition } from "../../src/core/transition.ts";

const [A, B, C, D] = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"].map((text) =>
  ServerEndpoint.fromLiteral(text),
) as [ServerEndpoint, ServerEndpoint, ServerEndpoint, ServerEndpoint];

const NOTHING: Difference = { added: [], removed: [], moved: [] };

function heartbeat(
  primaries: ServerEndpoint[],
  backups: ServerEndpoint[] = [],
  leaderAddr = "l",
): ServerEvent {
  return { kind: "heartbeat-received", primaries, backups, numNodes: 7, leaderAddr };
}

function consul(endpoints: ServerEndpoint[], tier: "primary" | "backup" = "backup"): ServerEvent {
  return { kind: "backups-reported", endpoints, source: "consul", tier };
}

function after(...events: ServerEvent[]): Snapshot {
  return events.reduce((snapshot, event, index) => transition(snapshot, event, index + 1), Snapshot.empty(0));
}

interface Expected {
  readonly order: ServerEndpoint[];
  readonly primaries: ServerEndpoint[];
  readonly cause: Cause;
  readonly difference: Partial<Difference>;
}

function check(snapshot: Snapshot, { order, primaries, cause, difference }: Expected): void {
  assert.deepEqual(
    snapshot.order.toArray(),
    order.map((server) => server.key),
  );
  assert.deepEqual(
    snapshot.serversOf("primary").map((server) => server.key),
    primaries.map((server) => server.key),
  );
  assert.deepEqual(snapshot.cause, cause);
  assert.deepEqual(snapshot.difference, { ...NOTHING, ...difference });
  assert.ok(Object.isFrozen(snapshot.cause) && Object.isFrozen(snapshot.difference));
  assert.ok(Object.values(snapshot.difference).every((keys) => Object.isFrozen(keys)));
}

test("an empty list says that it has just started", () => {
  const empty = Snapshot.empty(5);
  assert.deepEqual([empty.size, empty.head, empty.at, empty.revision], [0, undefined, 5, 0]);
  check(empty, {
    order: [],
    primaries: [],
    cause: { occurrence: "started", source: "agent" },
    difference: {},
  });
});

test("primary-added appends", () => {
  const snapshot = after(
    { kind: "primary-added", endpoint: A, source: "static" },
    { kind: "primary-added", endpoint: B, source: "api" },
  );
  check(snapshot, {
    order: [A, B],
    primaries: [A, B],
    cause: { occurrence: "primary-added", source: "api", server: B.key },
    difference: { added: [B.key] },
  });
  assert.deepEqual([snapshot.revision, snapshot.at, snapshot.head], [2, 2, A]);
});

test("primary-added makes a backup primary where it stands", () => {
  check(after(consul([A, B]), { kind: "primary-added", endpoint: A, source: "api" }), {
    order: [A, B],
    primaries: [A],
    cause: { occurrence: "primary-added", source: "api", server: A.key },
    difference: {},
  });
});

test("primary-added to a primary by Consul's claim alone is recorded: it stays when Consul drops it", () => {
  for (const source of ["static", "api"] as const) {
    const orphaned = after(consul([A, B], "primary"));
    const added = transition(orphaned, { kind: "primary-added", endpoint: B, source }, 9);
    check(added, {
      order: [A, B],
      primaries: [A, B],
      cause: { occurrence: "primary-added", source, server: B.key },
      difference: {},
    });
    assert.equal(added.order, orphaned.order);
    assert.equal(transition(added, { kind: "primary-added", endpoint: B, source }, 10), added);
    const dropped = transition(added, consul([]), 11);
    assert.deepEqual(dropped.order.toArray(), [B.key]);
    assert.equal(dropped.tierOf(B.key), "primary");
  }
});

test("primary-added to a heartbeat's, configured or added primary changes nothing", () => {
  for (const source of ["static", "api"] as const) {
    const before = after(heartbeat([A]), { kind: "primary-added", endpoint: B, source }, consul([A, B]));
    for (const endpoint of [A, B]) {
      assert.equal(transition(before, { kind: "primary-added", endpoint, source: "static" }, 9), before);
    }
  }
});

test("backups-reported replaces the backups of its source, and keeps primaries", () => {
  const snapshot = after({ kind: "primary-added", endpoint: A, source: "api" }, consul([B, A]), consul([C]));
  check(snapshot, {
    order: [A, C],
    primaries: [A],
    cause: { occurrence: "backups-reported", source: "consul" },
    difference: { added: [C.key], removed: [B.key] },
  });
});

test("backups-reported as primaries, while orphaned; the next heartbeat with a leader puts everything back", () => {
  const orphaned = after(heartbeat([A], [], ""), consul([B], "primary"));
  check(orphaned, {
    order: [A, B],
    primaries: [A, B],
    cause: { occurrence: "backups-reported", source: "consul" },
    difference: { added: [B.key] },
  });
  const leaderless = transition(orphaned, heartbeat([A], [], ""), 9);
  assert.equal(leaderless, orphaned);
  const found = transition(orphaned, heartbeat([A]), 9);
  assert.equal(found.tierOf(B.key), "backup");
  assert.deepEqual(found.order.toArray(), [A.key, B.key]);
});

test("the state file's servers stay until Consul or a heartbeat supplies some", () => {
  const remembered: ServerEvent = {
    kind: "backups-reported",
    endpoints: [A, B],
    source: "state-file",
    tier: "backup",
  };
  assert.deepEqual(after(remembered, consul([])).order.toArray(), [A.key, B.key]);
  assert.deepEqual(after(remembered, consul([B, C])).order.toArray(), [B.key, C.key]);
  assert.deepEqual(after(remembered, heartbeat([C])).order.toArray(), [C.key]);
});

test("what the configuration names stands in front of what only the state file vouches for, and needs it no more", () => {
  const remembered: ServerEvent = {
    kind: "backups-reported",
    endpoints: [A, B],
    source: "state-file",
    tier: "backup",
  };
  const added = (endpoint: ServerEndpoint): ServerEvent => ({
    kind: "primary-added",
    endpoint,
    source: "static",
  });
  const snapshot = after(remembered, added(C), added(D), added(B));
  assert.deepEqual(snapshot.order.toArray(), [C.key, D.key, B.key, A.key]);
  assert.deepEqual(snapshot.difference.moved, [B.key]);
  assert.deepEqual(snapshot.members.get(B.key)?.claims, { static: "primary" });
  const first = after(remembered, added(A));
  assert.deepEqual([first.order.toArray(), first.difference.moved], [[A.key, B.key], []]);
});

test("heartbeat-received replaces the primaries, keeps Consul's backups, and records the numbers", () => {
  const snapshot = after(heartbeat([A, B]), consul([D]), heartbeat([B, C], [A]));
  check(snapshot, {
    order: [A, B, D, C],
    primaries: [B, C],
    cause: { occurrence: "heartbeat-received", source: "heartbeat" },
    difference: { added: [C.key] },
  });
  assert.deepEqual([snapshot.numNodes, snapshot.leaderAddr], [7, "l"]);
});

test("a primary missing from a heartbeat leaves all lists; a later result of Consul's brings it back as backup", () => {
  const gone = after(consul([A]), heartbeat([A, B]), heartbeat([B]));
  check(gone, {
    order: [B],
    primaries: [B],
    cause: { occurrence: "heartbeat-received", source: "heartbeat" },
    difference: { removed: [A.key] },
  });
  const back = transition(gone, consul([A]), 9);
  assert.deepEqual(back.order.toArray(), [B.key, A.key]);
  assert.equal(back.tierOf(A.key), "backup");
});

test("a heartbeat that changes only the numbers moves nothing", () => {
  const snapshot = after(heartbeat([A, B]), heartbeat([B, A], [], "other"));
  check(snapshot, {
    order: [A, B],
    primaries: [A, B],
    cause: { occurrence: "heartbeat-received", source: "heartbeat" },
    difference: {},
  });
  assert.equal(snapshot.leaderAddr, "other");
});

test("a server in both tiers of a heartbeat is primary", () => {
  assert.equal(after(heartbeat([A], [A])).tierOf(A.key), "primary");
});

test("server-failed rotates the head", () => {
  const failed: ServerEvent = { kind: "server-failed", key: A.key, source: "health", reason: "refused" };
  check(after(heartbeat([A, B, C]), failed), {
    order: [B, C, A],
    primaries: [B, C, A],
    cause: { occurrence: "server-failed", source: "health", server: A.key, reason: "refused" },
    difference: { moved: [A.key] },
  });
  const before = after(heartbeat([A, B, C]));
  assert.equal(transition(before, { kind: "server-failed", key: B.key, source: "health" }, 9), before);
});

test("server-failed with a successor passes, in one step, those between: the failed go to the end, the others stay", () => {
  const failed = new Set([A.key, C.key]);
  const event: ServerEvent = { kind: "server-failed", key: A.key, source: "health" };
  check(after(heartbeat([A, B, C, D]), { ...event, successor: { key: D.key, failed } }), {
    order: [D, B, A, C],
    primaries: [D, B, A, C],
    cause: { occurrence: "server-failed", source: "health", server: A.key },
    difference: { moved: [D.key, A.key, C.key] },
  });
  check(after(heartbeat([A, B, C, D]), { ...event, successor: { key: B.key, failed } }), {
    order: [B, C, D, A],
    primaries: [B, C, D, A],
    cause: { occurrence: "server-failed", source: "health", server: A.key },
    difference: { moved: [A.key] },
  });
  const all = new Set([A.key, B.key, C.key]);
  check(after(heartbeat([A, B, C, D]), { ...event, successor: { key: D.key, failed: all } }), {
    order: [D, A, B, C],
    primaries: [D, A, B, C],
    cause: { occurrence: "server-failed", source: "health", server: A.key },
    difference: { moved: [A.key, B.key, C.key] },
  });
});

test("server-failed with a successor that is not listed, or is the head itself, rotates as without one", () => {
  for (const key of ["10.0.0.9:4647", A.key]) {
    const successor = { key, failed: new Set([A.key]) };
    const event: ServerEvent = { kind: "server-failed", key: A.key, source: "health", successor };
    const { order } = after(heartbeat([A, B, C]), event);
    assert.deepEqual(order.toArray(), [B.key, C.key, A.key]);
  }
});

test("server-removed removes from all lists", () => {
  const removed: ServerEvent = { kind: "server-removed", key: B.key, source: "api" };
  check(after(heartbeat([A, B, C]), consul([B]), removed), {
    order: [A, C],
    primaries: [A, C],
    cause: { occurrence: "server-removed", source: "api", server: B.key },
    difference: { removed: [B.key] },
  });
});

test("server-found appends a server whose name was late, or adds the source's claim", () => {
  const before = after(heartbeat([A]), consul([B]));
  const found: ServerEvent = { kind: "server-found", endpoint: C, source: "consul", tier: "backup" };
  const snapshot = transition(before, found, 9);
  check(snapshot, {
    order: [A, B, C],
    primaries: [A],
    cause: { occurrence: "server-found", source: "consul", server: C.key },
    difference: { added: [C.key] },
  });
  assert.equal(transition(snapshot, found, 10), snapshot);
  const claimed = transition(snapshot, { ...found, source: "heartbeat", tier: "primary" }, 10);
  check(claimed, {
    order: [A, B, C],
    primaries: [A, C],
    cause: { occurrence: "server-found", source: "heartbeat", server: C.key },
    difference: {},
  });
});

test("server-resolved replaces the addresses and nothing else", () => {
  const web = new ServerEndpoint("web", parseRpcAddr("web"), ["10.0.0.8"]);
  const before = after(heartbeat([web, B]));
  const resolved: ServerEvent = { kind: "server-resolved", key: web.key, addresses: ["10.0.0.9"] };
  const snapshot = transition(before, resolved, 9);
  check(snapshot, {
    order: [web, B],
    primaries: [web, B],
    cause: { occurrence: "server-resolved", source: "resolver", server: web.key },
    difference: {},
  });
  assert.deepEqual(snapshot.head?.addresses, ["10.0.0.9"]);
  assert.equal(transition(snapshot, resolved, 10), snapshot);
  assert.equal(transition(snapshot, { ...resolved, addresses: [] }, 10), snapshot);
  assert.equal(transition(snapshot, { ...resolved, key: "gone:1" }, 10), snapshot);
});

test("rebalanced takes the new order, appends who came meanwhile, and leaves out who left", () => {
  const order = [C.key, "10.9.9.9:4647", A.key, B.key];
  check(after(heartbeat([A, B, C, D]), { kind: "rebalanced", order, reason: "failback" }), {
    order: [C, A, B, D],
    primaries: [C, A, B, D],
    cause: { occurrence: "rebalanced", source: "rebalancer", server: C.key, reason: "failback" },
    difference: { moved: [A.key, B.key, C.key] },
  });
});

test("rebalanced changes nothing when the chosen head is gone, or the order is the same", () => {
  const before = after(heartbeat([A, B]));
  for (const order of [[], [D.key, A.key, B.key], [A.key, B.key], [A.key], [A.key, A.key]]) {
    assert.equal(transition(before, { kind: "rebalanced", order }, 9), before, order.join());
  }
});

test("servers are made once, in order, and frozen", () => {
  const snapshot = after(heartbeat([A, B]), consul([C]));
  assert.equal(snapshot.servers, snapshot.servers);
  assert.ok(Object.isFrozen(snapshot.servers) && Object.isFrozen(snapshot));
  assert.deepEqual(snapshot.servers, [A, B, C]);
  assert.equal(snapshot.servers[0], snapshot.head);
  assert.deepEqual(snapshot.serversOf("backup"), [C]);
  assert.equal(snapshot.tierOf("gone:1"), undefined);
});

test("a rotation costs the same after hundreds of thousands of them", () => {
  let snapshot = after(heartbeat([A, B, C]));
  const rotate = (times: number) => {
    const before = process.threadCpuUsage();
    for (let turn = 0; turn < times; turn++) {
      snapshot = transition(
        snapshot,
        { kind: "server-failed", key: snapshot.head?.key ?? "", source: "health" },
        0,
      );
    }
    return process.threadCpuUsage(before).user;
  };
  rotate(50_000);
  const early = rotate(50_000);
  rotate(200_000);
  const late = rotate(50_000);
  assert.ok(late < 10 * early, `${early} µs, then ${late} µs`);
  assert.equal(snapshot.revision, 350_001);
});

test("a barred server leaves the list, and its sources go on claiming it", () => {
  const listed = [consul([A, B]), { kind: "primary-added", endpoint: A, source: "static" }] as const;
  const report = { source: "region", reason: "does not serve region global" } as const;
  const barred = after(...listed, { kind: "server-barred", key: A.key, ...report });
  check(barred, {
    order: [B],
    primaries: [],
    cause: { occurrence: "server-barred", server: A.key, ...report },
    difference: { removed: [A.key] },
  });
  const again = transition(barred, consul([A, C]), 9);
  assert.deepEqual(again.order.toArray(), [C.key]);
  assert.equal(again.barred.get(A.key)?.tier, "primary");
  const admitted = transition(again, { kind: "server-admitted", key: A.key, source: "region" }, 10);
  check(admitted, {
    order: [C, A],
    primaries: [A],
    cause: { occurrence: "server-admitted", server: A.key, source: "region" },
    difference: { added: [A.key] },
  });
  assert.equal(admitted.barred.size, 0);
});

test("a barred server that no source names any more is forgotten, and listed when one names it anew", () => {
  const barred = after(consul([A, B]), { kind: "server-barred", key: A.key, source: "region" });
  const gone = transition(barred, consul([B]), 9);
  assert.equal(gone.barred.size, 0);
  assert.deepEqual(transition(gone, consul([A, B]), 10).order.toArray(), [B.key, A.key]);
  for (const kind of ["server-barred", "server-admitted"] as const) {
    assert.equal(transition(gone, { kind, key: A.key, source: "region" }, 10), gone);
  }
});

test("a name's addresses are kept up to date while its server is barred, and removing it is for good", () => {
  const web = new ServerEndpoint("web", parseRpcAddr("web"), ["10.0.0.8"]);
  const barred = after(
    { kind: "primary-added", endpoint: web, source: "api" },
    { kind: "server-barred", key: web.key, source: "region" },
    { kind: "server-resolved", key: web.key, addresses: ["10.0.0.9"] },
  );
  assert.deepEqual(barred.barred.get(web.key)?.endpoint.addresses, ["10.0.0.9"]);
  const removed = transition(barred, { kind: "server-removed", key: web.key, source: "api" }, 9);
  assert.deepEqual([removed.barred.size, removed.size], [0, 0]);
});

suite("a name with several addresses", () => {
  const refused: AddressFinding = { answers: false, reason: "connection refused" };
  const answers: AddressFinding = { answers: true };
  const web = new ServerEndpoint("web", parseRpcAddr("web"), ["10.0.0.7", "10.0.0.8", "10.0.0.9"]);
  const added: ServerEvent = { kind: "primary-added", endpoint: web, source: "static" };
  const heard = (address: string, finding: AddressFinding): ServerEvent => {
    return { kind: "address-heard", key: web.key, address, finding, source: "health" };
  };
  const resolved = (...addresses: string[]): ServerEvent => ({
    kind: "server-resolved",
    key: web.key,
    addresses,
  });
  const rows: [string, ServerEvent[], addresses: string, named: string][] = [
    ["nothing is known: all", [], "7 8 9", "7 8 9"],
    ["one fails: the others", [heard("10.0.0.7", refused)], "8 9 7", "8 9"],
    ["one answers: that one", [heard("10.0.0.8", answers)], "8 7 9", "8"],
    ["two answer: those", [heard("10.0.0.9", answers), heard("10.0.0.7", answers)], "9 7 8", "9 7"],
    [
      "all fail: all",
      [heard("10.0.0.7", refused), heard("10.0.0.8", refused), heard("10.0.0.9", refused)],
      "9 8 7",
      "9 8 7",
    ],
    [
      "one fails, and the name is looked up again: it stays behind",
      [heard("10.0.0.8", answers), heard("10.0.0.7", refused), resolved("10.0.0.7", "10.0.0.9", "10.0.0.8")],
      "8 9 7",
      "8",
    ],
    [
      "the only one that answers leaves the name: those that are not known to fail",
      [heard("10.0.0.8", answers), heard("10.0.0.7", refused), resolved("10.0.0.7", "10.0.0.9")],
      "9 7",
      "9",
    ],
    [
      "one that failed leaves the name and is back: nothing is known of it",
      [heard("10.0.0.7", refused), resolved("10.0.0.8"), resolved("10.0.0.7", "10.0.0.8")],
      "7 8",
      "7 8",
    ],
    ["an address that it does not have", [heard("10.0.0.1", refused)], "7 8 9", "7 8 9"],
  ];
  const ends = (addresses: readonly string[] = []) => addresses.map((address) => address.slice(-1)).join(" ");
  for (const [what, events, addresses, named] of rows) {
    test(what, () => {
      const { head } = after(added, ...events);
      assert.deepEqual([ends(head?.addresses), ends(head?.named)], [addresses, named]);
    });
  }

  test("tells why: in the cause, and for as long as it lasts", () => {
    const failed = after(added, heard("10.0.0.8", refused));
    check(failed, {
      order: [web],
      primaries: [web],
      cause: {
        occurrence: "address-failed",
        source: "health",
        server: web.key,
        reason: "10.0.0.8: connection refused",
      },
      difference: {},
    });
    assert.deepEqual(failed.head?.silent(), [{ address: "10.0.0.8", reason: "connection refused" }]);
    const again = transition(failed, heard("10.0.0.8", answers), 9);
    assert.deepEqual(again.cause, {
      occurrence: "address-answered",
      source: "health",
      server: web.key,
      reason: "10.0.0.8",
    });
    assert.deepEqual(again.head?.silent(), []);
  });

  test("the same again is no news, nor is anything of a server with one address", () => {
    const failed = after(added, heard("10.0.0.8", refused));
    assert.equal(transition(failed, heard("10.0.0.8", { answers: false, reason: "no answer" }), 9), failed);
    const single = after({ kind: "primary-added", endpoint: A, source: "static" });
    const event: ServerEvent = {
      kind: "address-heard",
      key: A.key,
      address: A.host,
      finding: refused,
      source: "health",
    };
    assert.equal(transition(single, event, 9), single);
  });
});
