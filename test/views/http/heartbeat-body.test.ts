import assert from "node:assert/strict";
import { test } from "node:test";
import { heartbeatBody, heartbeatOf } from "../../../src/views/http/heartbeat-body.ts";

test("each key of a pushed heartbeat reaches the list", () => {
  const body = heartbeatBody.parse({
    servers: [
      { address: "10.0.0.1:80", datacenter: "dc2", rpc_major_version: 3, rpc_minor_version: 4 },
      { address: "10.0.0.2:80" },
    ],
    num_nodes: 200,
    leader: "10.0.0.1:80",
    ttl_seconds: 1.5,
  });
  assert.deepEqual(heartbeatOf(body, "dc1"), {
    servers: [
      { rpcAdvertiseAddr: "10.0.0.1:80", datacenter: "dc2", rpcMajorVersion: 3, rpcMinorVersion: 4 },
      { rpcAdvertiseAddr: "10.0.0.2:80", datacenter: "dc1", rpcMajorVersion: 1, rpcMinorVersion: 0 },
    ],
    numNodes: 200,
    leaderRpcAddr: "10.0.0.1:80",
    ttlMs: 1_500,
  });
});
