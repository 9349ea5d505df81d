import * as z from "zod";
import { MAX_NODES } from "../../core/fleet.ts";
import type { PushedHeartbeat } from "../../core/heartbeat.ts";

/** As large as a version in the tags of a Nomad server may be. */
const version = z.int().nonnegative().max(999_999_999);

/** The body of `PUT /v1/pools/:pool/heartbeat`. Unknown keys are mistakes. */
export const heartbeatBody = z.strictObject({
  servers: z
    .array(
      z.strictObject({
        /** `host:port`; malformed ones are reported in the reply, the others apply. */
        address: z.string().min(1).max(300),
        /** Without it the server belongs to our own datacenter. */
        datacenter: z.string().min(1).max(300).optional(),
        rpc_major_version: version.default(1),
        rpc_minor_version: version.default(0),
      }),
    )
    .max(10_000),
  /** Size of the fleet; scales the rates of pings and rebalances. Without it the last number is kept. */
  num_nodes: z.int().nonnegative().max(MAX_NODES).optional(),
  /** `host:port` of the leader; "" while there is none. A kind of server without leaders names any server here. */
  leader: z.string().max(300),
  /** Seconds within which the next heartbeat is due. */
  ttl_seconds: z.number().min(1).max(86_400),
});

export type HeartbeatBody = z.infer<typeof heartbeatBody>;

/** The heartbeat that a body describes, for an agent in this datacenter. */
export function heartbeatOf(body: HeartbeatBody, ourDatacenter: string): PushedHeartbeat {
  return {
    servers: body.servers.map((server) => ({
      rpcAdvertiseAddr: server.address,
      rpcMajorVersion: server.rpc_major_version,
      rpcMinorVersion: server.rpc_minor_version,
      datacenter: server.datacenter ?? ourDatacenter,
    })),
    numNodes: body.num_nodes,
    leaderRpcAddr: body.leader,
    ttlMs: body.ttl_seconds * 1000,
  };
}
