/** What the state file has: the last known list of each pool, and what of the timeline outlives the process. */
import * as z from "zod";
import { parseIpAddress, undialable } from "../core/ip-address.ts";
import { MAX_SERVERS_PER_SOURCE } from "../core/list-limit.ts";
import { EndpointError } from "../core/rpc-addr.ts";
import { endpointAt } from "../core/server-endpoint.ts";

/** Changes of the head that outlive the process: the question after a crash is usually about before it. */
export const HEAD_CHANGES_KEPT = 64;

const name = z.string().min(1).max(300);
const text = z.string().max(4_096);
const time = z.iso.datetime({ precision: 3 });
const count = z.int().nonnegative();

function isDialable(address: string): boolean {
  const parsed = parseIpAddress(address);
  return parsed !== undefined && undialable(parsed) === undefined;
}

const server = z.object({
  address: name.refine((address) => !(endpointAt(address) instanceof EndpointError), {
    error: "expected host:port",
  }),
  tier: z.enum(["primary", "backup"]),
  /** IP literals to connect to, best first. */
  addresses: z
    .array(z.string().max(64).refine(isDialable, { error: "expected an IP address" }))
    .min(1)
    .max(1_024),
  /** Only the configuration named it: it counts for as long as the configuration still does. */
  configured: z.exactOptional(z.literal(true)),
});

const pool = z.object({
  /** When a source was last heard that vouched for the list. */
  saved_at: time,
  /** In failover order. */
  servers: z.array(server).max(MAX_SERVERS_PER_SOURCE),
  head: name.nullable(),
  leader: text,
  num_nodes: count,
  /** A question started the pool. */
  on_demand: z.exactOptional(z.literal(true)),
});

const headChange = z.object({
  index: count,
  at: time,
  pool: name,
  kind: z.literal("head-changed"),
  severity: z.enum(["info", "warn", "error"]),
  summary: text,
  head: name.nullable(),
  previous_head: name.nullable(),
  tier: z.enum(["primary", "backup"]).nullable(),
  revision: count,
  cause: z.object({ occurrence: name, source: name, server: text.nullable(), reason: text.nullable() }),
  held_ms: z.number().nullable(),
  /** The life of the agent in which it happened. */
  from_instance: name,
});

/** Members that are not named here are left out, not refused: a later version may add some to format 1. */
export const stateBody = z.object({
  instance: name,
  saved_at: time,
  /** No event had a higher index. */
  last_index: count,
  config_hash: name,
  pools: z.record(name, pool),
  head_changes: z.array(headChange).max(HEAD_CHANGES_KEPT),
});

export type StateBody = z.infer<typeof stateBody>;
export type RememberedPool = z.infer<typeof pool>;
export type RememberedServer = z.infer<typeof server>;
export type RememberedHeadChange = z.infer<typeof headChange>;
export const rememberedHeadChange = headChange;
