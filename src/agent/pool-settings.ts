/** What a pool's settings mean for its list: pure. */
import type { PoolConfig } from "../config/schema.ts";
import { serverKey } from "../core/rpc-addr.ts";
import type { Forgotten } from "../core/rpc-proxy.ts";
import type { FirstSource } from "../sources/first-reports.ts";

/** What no setting asks for any more. */
export function forgottenBy(before: PoolConfig, after: PoolConfig): Forgotten {
  const configured = keysOf(after.servers);
  return {
    configured,
    dropped: new Set([...keysOf(before.servers)].filter((key) => !configured.has(key))),
    ended: new Set([
      ...(after.backups === undefined ? (["consul"] as const) : []),
      ...(after.heartbeat === "none" ? (["heartbeat"] as const) : []),
    ]),
  };
}

export function keysOf(addresses: readonly string[]): Set<string> {
  return new Set(addresses.map(serverKey));
}

/** Configured servers are waited for until one is listed: a name may get its address at any moment. */
export function firstSourcesOf({ servers, backups, heartbeat }: PoolConfig): readonly FirstSource[] {
  return [
    ...(servers.length > 0 ? (["static"] as const) : []),
    ...(backups === undefined ? [] : (["consul"] as const)),
    ...(heartbeat === "push" ? (["push"] as const) : []),
  ];
}
