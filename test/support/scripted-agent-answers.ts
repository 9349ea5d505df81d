/** What a scripted agent answers at first: pools in the form that docs/cli.md describes, seen at `ANSWERED_AT`. */

import { source } from "./source-reply.ts";

/** The agent's clock, which stands still. */
export const ANSWERED_AT = Date.parse("2025-11-24T12:04:08.000Z");

/** The agent's index at first. */
export const FIRST_INDEX = 1_763_985_600_123;

export type Json = Readonly<Record<string, unknown>>;

const ago = (seconds: number) => new Date(ANSWERED_AT - seconds * 1_000).toISOString();

const ahead = (seconds: number) => ago(-seconds);

function server(address: string, position: number, tier: string, claims: Json, rest: Json = {}): Json {
  return {
    address,
    addresses: [address.replace(/:\d+$/, "")],
    position,
    tier,
    claims,
    watch: null,
    down: null,
    penalty: null,
    changed_at: ago(300),
    ...rest,
  };
}

const watch = (role: string, rtt: number) => ({
  role,
  phase: "up",
  since_at: ago(244),
  last_answer_at: ago(0.2),
  rtt_ms: rtt,
  usual_rtt_ms: rtt,
  late_after_ms: 77.5,
  silent_after_ms: 155,
});

/** Consul fails, and a server is down. */
export const NOMAD: Json = {
  name: "nomad",
  on_demand: false,
  idle: false,
  index: FIRST_INDEX,
  revision: 17,
  state: "live",
  state_since_at: ago(300),
  ready: true,
  head_address: "10.0.0.1:4647",
  head: {
    address: "10.0.0.1:4647",
    since_at: ago(244),
    cause: {
      occurrence: "server-failed",
      source: "health",
      server: "10.0.0.2:4647",
      reason: "connection refused",
    },
  },
  contact: "held",
  leader: "10.0.0.3:4647",
  num_nodes: 1_200,
  counts: { primary: 3, backup: 1, down: 1, penalised: 1 },
  servers: [
    server(
      "10.0.0.1:4647",
      1,
      "primary",
      { heartbeat: "primary", consul: "backup" },
      { watch: watch("head", 0.6) },
    ),
    server(
      "10.0.0.3:4647",
      2,
      "primary",
      { heartbeat: "primary", consul: "backup" },
      { watch: watch("standby", 0.8) },
    ),
    server(
      "10.0.0.2:4647",
      3,
      "primary",
      { heartbeat: "primary" },
      {
        down: { since_at: ago(20), reason: "connection refused", in_this_pass: true },
        penalty: { until_at: ahead(41), failures: 2 },
      },
    ),
    server("10.1.0.9:4647", 4, "backup", { consul: "backup" }),
  ],
  servers_total: 4,
  servers_shown: 4,
  unlisted: [],
  sources: {
    heartbeat: source({ last_success_at: ago(4), next_at: ahead(16), server: "10.0.0.1:4647" }),
    consul: source({
      state: "failing",
      since_at: ago(12),
      attempt: 3,
      next_at: ahead(1),
      last_success_at: ago(13),
      index: 812,
      datacenter: "dc1",
      servers: 4,
      error: { code: "unreachable", text: "connection refused" },
    }),
    static: source(),
    state_file: null,
  },
  next: [],
};

/** A pool without servers, which nothing is wrong with. */
export const WEB: Json = {
  ...NOMAD,
  name: "web",
  revision: 0,
  state: "starting",
  ready: false,
  head_address: null,
  head: null,
  leader: null,
  counts: { primary: 0, backup: 0, down: 0, penalised: 0 },
  servers: [],
  servers_total: 0,
  servers_shown: 0,
  sources: { consul: source({ state: "waiting" }), static: source(), state_file: null },
};

export const DEGRADED: Json = {
  state: "degraded",
  problems: [
    {
      code: "consul-failing",
      pool: "nomad",
      since_at: ago(12),
      text: "Consul does not answer: connection refused",
    },
    {
      code: "restart-needed",
      pool: null,
      since_at: ago(90_000),
      text: "dns.address takes effect at a restart",
    },
  ],
};

export const FINE: Json = { state: "ok", problems: [] };

export const READY: Json = {
  ready: true,
  waiting: [],
  dns: "serving",
  stale: false,
  warnings: [],
  stopping: false,
  pools: { nomad: { ready: true, waits_for: [], since_at: ago(244) } },
};

/** What a reload came to. */
/** The head, reported by a program, did not answer the agent either. */
export const REPORTED: Json = {
  verdict: "confirmed",
  head: "10.0.0.3:4647",
  checked_ms: 12,
  text: "it does not answer the agent either",
};

export const RELOADED: Json = {
  dry_run: false,
  hash: "5f1c0e4a9b7d2c63",
  applied: ["pools.web.health.interval"],
  unchanged: 57,
  needs_restart: [],
  pools: { added: [], removed: [], changed: ["web"] },
};

export const SELF: Json = {
  version: "0.1.0",
  api: 1,
  instance: "b1c2d3e4f5a6",
  started_at: ago(300),
  now_at: ago(0),
  config: {
    hash: "0123456789abcdef",
    restart_hash: "fedcba9876543210",
    loaded_at: ago(300),
    files: ["agent.yaml"],
    restart_needed: [],
  },
  dns: {
    state: "serving",
    addresses: ["127.0.0.1:8653"],
    domain: "headwaiter.internal",
    listener: "batched",
  },
  pools: ["nomad"],
  features: [],
};

/** Two steps in place of 180. */
export const HISTORY: Json = {
  from_at: ago(10),
  step_ms: 5_000,
  dns: { queries: [null, 3.2] },
  pools: {
    nomad: {
      servers: {
        "10.0.0.1:4647": { server: "10.0.0.1:4647", rtt_ms: [null, 0.6] },
        "10.0.0.3:4647": { server: "10.0.0.3:4647", rtt_ms: [0.8, null] },
      },
    },
  },
};

export const EXPLANATION = `10.0.0.1:4647 is the head of nomad since 12:00:04 (4 min).
  became   10.0.0.2:4647 failed: connection refused; 10.0.0.1:4647 was next   [event 1763985600119]
  stays    answered 0.2 s ago in 0.6 ms, usually in 0.5 ms; late after 78 ms
  listed   primary by the heartbeat of 10.0.0.3:4647, 4 s ago
If it fails    10.0.0.3:4647 (connection open, about 10 ms), then 10.1.0.9:4647
If rebalanced  10.0.0.1:4647 or 10.0.0.3:4647, equally likely; not 10.0.0.2:4647, which failed
DNS            _nomad._tcp.headwaiter.internal SRV: 10-0-0-1.addr.headwaiter.internal:4647, TTL 0 s
Next           12:04:49 10.0.0.2:4647 may be chosen again · 12:15:40 rebalance
`;

/** Oldest first. */
export const EVENTS: readonly Json[] = [
  {
    index: FIRST_INDEX - 4,
    at: "2025-11-24T12:00:04.117Z",
    pool: "nomad",
    kind: "server-down",
    severity: "warn",
    summary: "10.0.0.2:4647  connection refused (2nd time, not chosen for 1 min)",
  },
  {
    index: FIRST_INDEX - 3,
    at: "2025-11-24T12:00:04.117Z",
    pool: "nomad",
    kind: "head-changed",
    severity: "warn",
    summary: "10.0.0.2:4647 → 10.0.0.1:4647  server-failed by health",
  },
  {
    index: FIRST_INDEX,
    at: "2025-11-24T12:03:56.020Z",
    pool: null,
    kind: "config-reloaded",
    severity: "info",
    summary: "the configuration is the same",
  },
];

export const METRICS = `# HELP headwaiter_ready Whether the agent is ready.
# TYPE headwaiter_ready gauge
headwaiter_ready 1
# TYPE headwaiter_source_last_success_timestamp_seconds gauge
headwaiter_source_last_success_timestamp_seconds{pool="nomad",source="consul"} 1763985835
`;
