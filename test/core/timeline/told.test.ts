import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { JournalEvent } from "../../../src/core/journal-event.ts";
import type { Cause } from "../../../src/core/snapshot.ts";
import { toldOf } from "../../../src/core/timeline/told.ts";
import { spanOf } from "../../../src/core/timeline/words.ts";

const [A, B] = ["127.0.0.1:1", "127.0.0.1:2"] as const;
const CAUSE: Cause = { occurrence: "server-failed", source: "health", server: A, reason: "refused" };

/** What is told of an event: kind, severity, summary and fields. */
const ROWS: readonly (readonly [
  event: JournalEvent,
  kind: string,
  severity: string,
  summary: string,
  fields: object,
])[] = [
  [
    {
      kind: "head-changed",
      head: B,
      previousHead: A,
      tier: "backup",
      heldMs: 4.6,
      revision: 7,
      cause: CAUSE,
    },
    "head-changed",
    "warn",
    `${A} → ${B} (backup): ${A} failed (refused)`,
    {
      head: B,
      previous_head: A,
      tier: "backup",
      revision: 7,
      cause: { occurrence: "server-failed", source: "health", server: A, reason: "refused" },
      held_ms: 5,
    },
  ],
  [
    {
      kind: "head-changed",
      head: undefined,
      previousHead: A,
      revision: 8,
      cause: { occurrence: "backups-reported", source: "consul" },
    },
    "head-changed",
    "error",
    `${A} → none: a list of backups came, says consul`,
    {
      head: null,
      previous_head: A,
      tier: null,
      revision: 8,
      cause: { occurrence: "backups-reported", source: "consul", server: null, reason: null },
      held_ms: null,
    },
  ],
  [
    {
      kind: "list-changed",
      revision: 3,
      at: 0,
      cause: { occurrence: "heartbeat-received", source: "heartbeat", server: A },
      difference: { added: [B], removed: [], moved: [] },
      counts: { added: 1, removed: 0, moved: 0 },
      head: A,
      previousHead: A,
    },
    "list-changed",
    "info",
    `1 came: ${A} sent a heartbeat, says heartbeat`,
    {
      revision: 3,
      cause: { occurrence: "heartbeat-received", source: "heartbeat", server: A, reason: null },
      added: [B],
      removed: [],
      moved: [],
      counts: { added: 1, removed: 0, moved: 0 },
    },
  ],
  [
    { kind: "leader-changed", leader: B, previousLeader: "", numNodes: 9 },
    "leader-changed",
    "info",
    `the leader is ${B}`,
    { leader: B, previous_leader: null, num_nodes: 9 },
  ],
  [
    { kind: "leader-changed", leader: "", previousLeader: A, numNodes: 9 },
    "leader-changed",
    "warn",
    `no leader; it was ${A}`,
    { leader: null, previous_leader: A, num_nodes: 9 },
  ],
  [
    { kind: "head-failed", server: A, code: "refused", reason: "connection refused", head: B, by: "next" },
    "server-down",
    "warn",
    `${A} failed (connection refused); ${B} takes its place`,
    { server: A, role: "head", code: "refused", reason: "connection refused", evidence: null },
  ],
  [
    {
      kind: "head-failed",
      server: A,
      code: "timeout",
      reason: "no answer",
      evidence: { silentMs: 156.4, usualMs: 0.52, witness: B, witnessMs: 0.64 },
      head: B,
      by: "next",
    },
    "server-down",
    "warn",
    `${A} failed (no answer); ${B} takes its place`,
    {
      server: A,
      role: "head",
      code: "timeout",
      reason: "no answer",
      evidence: { silent_ms: 156, usual_rtt_ms: 0.5, witness: B, witness_rtt_ms: 0.6 },
    },
  ],
  [
    { kind: "standby-down", server: A, reason: "refused" },
    "server-down",
    "info",
    `${A}, the next server, is down (refused)`,
    { server: A, role: "standby", code: null, reason: "refused", evidence: null },
  ],
  [
    {
      kind: "feedback",
      server: A,
      client: "web-7",
      verdict: "refuted",
      reason: "timeout",
      text: "it answered the agent within 12 ms",
      tookMs: 12,
      isNews: true,
    },
    "feedback",
    "info",
    `web-7 reports ${A} (timeout): it answered the agent within 12 ms`,
    { server: A, client: "web-7", verdict: "refuted", rtt_ms: 12, reason: "timeout" },
  ],
  [
    {
      kind: "feedback",
      server: A,
      client: "127.0.0.1",
      verdict: "confirmed",
      reason: undefined,
      text: "it does not answer the agent either",
      tookMs: 500,
      isNews: false,
    },
    "feedback",
    "warn",
    `127.0.0.1 reports ${A}: it does not answer the agent either`,
    { server: A, client: "127.0.0.1", verdict: "confirmed", rtt_ms: 500, reason: null },
  ],
  [
    { kind: "local-trouble", server: A, reason: "this machine has no socket left (EMFILE)" },
    "local-trouble",
    "warn",
    `${A} could not be asked: this machine has no socket left (EMFILE)`,
    { server: A, reason: "this machine has no socket left (EMFILE)" },
  ],
  [
    { kind: "server-up", server: A, downMs: 4_200 },
    "server-up",
    "info",
    `${A} answers again after 4.2 s`,
    { server: A, down_ms: 4_200 },
  ],
  [{ kind: "server-up", server: A }, "server-up", "info", `${A} answers again`, { server: A, down_ms: null }],
  [
    { kind: "standby-up", server: A, downMs: 60_000 },
    "server-up",
    "info",
    `${A} answers again after 60 s`,
    { server: A, down_ms: 60_000 },
  ],
  [
    { kind: "server-penalised", server: A, failures: 2, forMs: 60_000 },
    "server-penalised",
    "info",
    `${A} failed 2 times: not chosen for 60 s`,
    { server: A, failures: 2, for_ms: 60_000 },
  ],
  [
    { kind: "outage-began", servers: 3, code: "timeout", reason: "no answer" },
    "outage-began",
    "error",
    "none of 3 servers answers: the list stays as it is",
    { servers: 3, code: "timeout", reason: "no answer" },
  ],
  [
    { kind: "outage-ended", server: A, lastedMs: 5 },
    "outage-ended",
    "info",
    `${A} answers again`,
    { server: A, lasted_ms: 5 },
  ],
  [
    { kind: "outage-ended", lastedMs: 200_000 },
    "outage-ended",
    "info",
    "the outage ended after 3 min",
    { server: null, lasted_ms: 200_000 },
  ],
  [
    { kind: "contact-changed", contact: "orphaned", lastHeartbeatAt: 0 },
    "contact-lost",
    "warn",
    "no heartbeat with a leader: Consul's servers are primaries",
    { last_heartbeat_at: "1970-01-01T00:00:00.000Z" },
  ],
  [
    { kind: "contact-changed", contact: "held" },
    "contact-held",
    "info",
    "a heartbeat names a leader",
    { last_heartbeat_at: null },
  ],
  [
    { kind: "rebalance-kept", pinged: 3, answered: 0 },
    "rebalance-kept",
    "info",
    "a rebalance kept the order: 3 asked, 0 answered",
    { pinged: 3, answered: 0 },
  ],
  [{ kind: "failback", server: A }, "failback", "info", `back from a backup to ${A}`, { server: A }],
  [
    { kind: "heartbeat", after: "failing", failedMs: 30, server: A, servers: 3, leader: A },
    "source-recovered",
    "info",
    `heartbeats again, from ${A}`,
    { source: "heartbeat", lasted_ms: 30 },
  ],
  [
    { kind: "heartbeat-failed", server: A, reason: "refused\n", isNews: true },
    "source-failed",
    "warn",
    `no heartbeat from ${A} (refused\\u{a})`,
    { source: "heartbeat", code: null, reason: "refused\\u{a}", attempt: 1, server: A },
  ],
  [
    { kind: "consul-failed", code: "unreachable", reason: "refused", attempt: 3, retryInMs: 9, isNews: true },
    "source-failed",
    "warn",
    "Consul fails (refused)",
    { source: "consul", code: "unreachable", reason: "refused", attempt: 3 },
  ],
  [
    { kind: "consul-recovered", servers: 3, downMs: 12 },
    "source-recovered",
    "info",
    "Consul answers again, with 3 servers",
    { source: "consul", lasted_ms: 12 },
  ],
  [
    { kind: "empty-held", forMs: 30_000 },
    "empty-held",
    "warn",
    "Consul lists no server: that counts in 30 s",
    { source: "consul", for_ms: 30_000 },
  ],
  [
    { kind: "empty-applied", removed: 3 },
    "empty-applied",
    "warn",
    "Consul lists no server: 3 no longer reported",
    { source: "consul", removed: 3 },
  ],
  [
    { kind: "address-failed", server: A, address: "127.0.0.3", reason: "refused" },
    "address-failed",
    "warn",
    `127.0.0.3 of ${A} fails (refused)`,
    { server: A, address: "127.0.0.3", reason: "refused" },
  ],
  [
    { kind: "address-answered", server: A, address: "127.0.0.3" },
    "address-answered",
    "info",
    `127.0.0.3 of ${A} answers again`,
    { server: A, address: "127.0.0.3" },
  ],
  [
    { kind: "configured-server-refused", reason: "no port" },
    "configured-server-refused",
    "warn",
    "no port",
    {},
  ],
  [
    { kind: "heartbeat-servers-refused", rejected: 1, news: "x: no port" },
    "heartbeat-servers-refused",
    "warn",
    "servers of the heartbeat left out: x: no port",
    {},
  ],
  [
    { kind: "instances-left-out", service: "nomad", leftOut: 1, news: "x: no port" },
    "instances-left-out",
    "warn",
    "instances in Consul left out: x: no port",
    {},
  ],
  [
    { kind: "consul-rights", service: "nomad", message: "hidden", isNews: true },
    "consul-rights",
    "warn",
    "hidden",
    {},
  ],
  [
    { kind: "datacenter-used", datacenter: "dc2", servers: 2 },
    "datacenter-used",
    "info",
    "2 servers of another datacenter are used: dc2",
    { datacenter: "dc2", servers: 2 },
  ],
  [
    { kind: "query-wait-limited", waitMs: 20 },
    "query-wait-limited",
    "info",
    "something on the way ends queries that wait",
    { wait_ms: 20 },
  ],
  [
    { kind: "server-barred", server: A, region: "eu", own: "us", isFirst: true },
    "server-barred",
    "warn",
    `${A} does not serve region eu: not used`,
    { server: A, region: "eu", own_region: "us" },
  ],
  [
    { kind: "server-admitted", server: A, region: "eu" },
    "server-admitted",
    "info",
    `${A} serves region eu now`,
    { server: A, region: "eu" },
  ],
  [
    { kind: "agent-started", version: "1.2.3" },
    "agent-started",
    "info",
    "headwaiter 1.2.3 started",
    { version: "1.2.3" },
  ],
  [{ kind: "agent-stopping" }, "agent-stopping", "info", "the agent stops", {}],
  [
    { kind: "dns-degraded", reason: "boom" },
    "dns-degraded",
    "error",
    "a thread that answers DNS died (boom); it is started again",
    { reason: "boom" },
  ],
  [{ kind: "dns-serving" }, "dns-serving", "info", "all threads answer DNS again", {}],
  [
    { kind: "clock-jumped", byMs: 3_600_000 },
    "clock-jumped",
    "warn",
    "the machine's clock was set by 3600000 ms, or the machine slept",
    { by_ms: 3_600_000 },
  ],
];

suite("what the timeline tells", () => {
  for (const [event, kind, severity, summary, fields] of ROWS) {
    test(`of ${event.kind}: ${summary}`, () => {
      const told = toldOf({ event });
      assert.deepEqual(
        [told?.kind, told?.severity, told?.summary, told?.fields],
        [kind, severity, summary, fields],
      );
    });
  }

  test("of routine: nothing", () => {
    const routine: readonly JournalEvent[] = [
      { kind: "heartbeat", after: "ok", server: A, servers: 3, leader: A },
      { kind: "heartbeat", after: "waiting", server: A, servers: 3, leader: A },
      { kind: "heartbeat-failed", server: A, reason: "refused", isNews: false },
      { kind: "consul-failed", code: "x", reason: "y", attempt: 3, retryInMs: 9, isNews: false },
      { kind: "datacenter-failed", code: "x", reason: "y" },
      { kind: "query-ended-early", code: "x", reason: "y", tookMs: 9 },
      { kind: "consul-rights", service: "nomad", isNews: false },
    ];
    assert.deepEqual(
      routine.map((event) => toldOf({ event })),
      routine.map(() => undefined),
    );
  });

  test("spans of time are as people say them", () => {
    assert.deepEqual([-5, 0, 340, 9_900, 41_000, 119_000, 240_000, 7_000_000, 7_300_000].map(spanOf), [
      "0.0 s",
      "0.0 s",
      "0.3 s",
      "9.9 s",
      "41 s",
      "119 s",
      "4 min",
      "117 min",
      "2 h",
    ]);
  });
});
