/** What an agent answers, as the page reads it: one pool, and nothing wrong. */
import type {
  ExplanationReply,
  PoolReply,
  PoolSummaryReply,
  SelfReply,
  ServerReply,
  StatusReply,
} from "../../src/page/model/replies.ts";

export const NOW_AT = "2026-01-31T12:04:08.000Z";

export function summary(name: string, more: Partial<PoolSummaryReply> = {}): PoolSummaryReply {
  return {
    name,
    on_demand: false,
    idle: false,
    index: 1,
    state: "live",
    state_since_at: null,
    ready: true,
    head_address: "10.0.0.1:4647",
    ...more,
  };
}

export function server(position: number): ServerReply {
  return {
    address: `10.0.0.${position}:4647`,
    addresses: [`10.0.0.${position}`],
    position,
    tier: "primary",
    claims: { heartbeat: "primary" },
    watch: null,
    down: null,
    penalty: null,
    changed_at: null,
  };
}

export function pool(name: string, more: Partial<PoolReply> = {}): PoolReply {
  return {
    ...summary(name),
    revision: 1,
    head: null,
    contact: "held",
    leader: null,
    num_nodes: 0,
    counts: { primary: 1, backup: 0, down: 0, penalised: 0 },
    servers: [server(1)],
    servers_total: 1,
    servers_shown: 1,
    unlisted: [],
    sources: { state_file: null },
    next: [],
    ...more,
  };
}

export function explanation(name: string, more: Partial<ExplanationReply> = {}): ExplanationReply {
  return {
    pool: name,
    at: NOW_AT,
    index: 1,
    head: "10.0.0.1:4647",
    state: "live",
    verdict: "10.0.0.1:4647 is the head since 12:00:04 because it was first.",
    dns: { question: "?", answer: null, rcode: "NOERROR", extended_error: null, ttl_s: 0 },
    because: [],
    others: [],
    others_total: 0,
    what_if: [],
    next: [],
    limits: [],
    recent: [],
    ...more,
  };
}

export const SELF: SelfReply = {
  version: "0.1.0",
  api: 1,
  instance: "b1c2",
  started_at: NOW_AT,
  now_at: NOW_AT,
  config: { hash: "", restart_hash: "", loaded_at: NOW_AT, files: [], restart_needed: [] },
  dns: { state: "serving", listener: "batched", addresses: [], domain: "headwaiter.internal" },
  pools: ["nomad"],
  features: [],
};

export const FINE: StatusReply = { state: "ok", problems: [] };
