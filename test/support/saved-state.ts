/** What an agent of before may have saved. */
import type { RememberedHeadChange, RememberedPool, StateBody } from "../../src/state/state-body.ts";

export const SAVED_AT = "2026-01-01T12:00:00.000Z";

/** Of servers at literal addresses, the first one the head. */
export function listOf(keys: readonly string[], savedAt = SAVED_AT): RememberedPool {
  const servers = keys.map((address) => ({
    address,
    tier: "primary" as const,
    addresses: [new URL(`tcp://${address}`).hostname],
  }));
  return { saved_at: savedAt, servers, head: keys[0] ?? null, leader: "", num_nodes: 0 };
}

export function headChangeOf(
  index: number,
  fields: Partial<RememberedHeadChange> = {},
): RememberedHeadChange {
  return {
    index,
    at: SAVED_AT,
    pool: "nomad",
    kind: "head-changed",
    severity: "info",
    summary: "none → 10.0.0.1:4647",
    head: "10.0.0.1:4647",
    previous_head: null,
    tier: "primary",
    revision: 1,
    cause: { occurrence: "heartbeat-received", source: "heartbeat", server: null, reason: null },
    held_ms: null,
    from_instance: "before",
    ...fields,
  };
}

export const SAVED: StateBody = {
  instance: "before",
  saved_at: SAVED_AT,
  last_index: 1_767_268_800_007,
  config_hash: "0123abcd",
  pools: { nomad: listOf(["10.0.0.1:4647", "10.0.0.2:4647"]) },
  head_changes: [headChangeOf(1_767_268_800_003)],
};
