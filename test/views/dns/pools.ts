/** Pools of servers for tests, made by hand. */
import { List, Map as PersistentMap } from "immutable";
import { parseRpcAddr } from "../../../src/core/rpc-addr.ts";
import { ServerEndpoint } from "../../../src/core/server-endpoint.ts";
import { type Cause, NO_DIFFERENCE, Snapshot } from "../../../src/core/snapshot.ts";
import type { ZonePool } from "../../../src/views/dns/zone/zone.ts";

/** 2026-11-22T12:00:00Z. */
export const NOON = 1_795_348_800_000;

/** A server: `10.0.0.1:4647`, or `db.example:4647=10.0.0.5,2001:db8::5` for one known by name. */
export function server(text: string): ServerEndpoint {
  const [name = "", addresses] = text.split("=");
  const addr = parseRpcAddr(name);
  return new ServerEndpoint(name, addr, addresses?.split(",") ?? [addr.host]);
}

const ADDED: Cause = { occurrence: "primary-added", source: "static" };

/** By default its change made its head the head. */
interface SnapshotDetails {
  readonly at?: number;
  readonly revision?: number;
  readonly cause?: Cause;
}

export function snapshot(servers: readonly string[], details: SnapshotDetails = {}): Snapshot {
  const endpoints = servers.map(server);
  const { at = NOON, cause = ADDED, revision = 1 } = details;
  return new Snapshot({
    revision,
    order: List(endpoints.map(({ key }) => key)),
    members: PersistentMap(
      endpoints.map((endpoint) => [
        endpoint.key,
        { endpoint, claims: { static: "primary" }, tier: "primary" },
      ]),
    ),
    leaderAddr: "",
    numNodes: 0,
    cause,
    difference: NO_DIFFERENCE,
    at,
  });
}

export function pool(
  state: ZonePool["state"],
  servers: readonly string[],
  details: SnapshotDetails = {},
): ZonePool {
  return { snapshot: snapshot(servers, details), state };
}

/** 10.0.0.1:4647, 10.0.0.2:4647 … */
export function manyServers(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `10.0.${i >> 8}.${i & 255}:4647`);
}
