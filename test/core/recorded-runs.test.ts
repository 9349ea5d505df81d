import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { RpcProxy } from "../../src/core/rpc-proxy.ts";
import { ServerEndpoint } from "../../src/core/server-endpoint.ts";
import { CONFIG, fakePorts } from "./fake-ports.ts";

/** One step of a run of the real v0.4.0 rpcproxy, with its lists after the step. */
interface Step {
  readonly op: string;
  readonly arg?: string;
  readonly list?: string[];
  readonly numNodes?: number;
  readonly leader?: string;
  readonly active: string[];
  readonly primaries: string[];
  readonly outNumNodes: number;
  readonly outLeader: string;
}

const file = new URL("../vectors/rpcproxy-v0.4.0.json.gz", import.meta.url);
const runs = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Step[][];

async function perform(
  proxy: RpcProxy,
  { op, arg = "", list = [], numNodes = 0, leader = "" }: Step,
): Promise<void> {
  switch (op) {
    case "addPrimaryServer":
      await proxy.addPrimaryServer(arg);
      return;
    case "notifyFailedServer":
      proxy.notifyFailedServer(ServerEndpoint.fromLiteral(arg));
      return;
    case "removeServer":
      proxy.removeServer(ServerEndpoint.fromLiteral(arg));
      return;
    case "setBackupServers":
      await proxy.setBackupServers(list);
      return;
    case "refreshServerLists":
      await proxy.refreshServerLists(
        list.map((rpcAdvertiseAddr) => ({
          rpcAdvertiseAddr,
          rpcMajorVersion: 1,
          rpcMinorVersion: 0,
          datacenter: "dc1",
        })),
        numNodes,
        leader,
      );
      return;
    default:
      assert.fail(`unknown operation ${op}`);
  }
}

test("all 100 recorded runs of v0.4.0 give the same lists, step by step", async () => {
  assert.equal(runs.length, 100);
  for (const [run, steps] of runs.entries()) {
    const proxy = new RpcProxy(fakePorts(), CONFIG);
    for (const [number, step] of steps.entries()) {
      await perform(proxy, step);
      const actual = {
        active: proxy.serverRpcAddrs(),
        // The order of the primaries among themselves is the active list's, here; in v0.4.0 that of their arrival.
        primaries: proxy
          .snapshot()
          .serversOf("primary")
          .map((server) => server.key)
          .toSorted(),
        numNodes: proxy.numNodes(),
        leader: proxy.leaderAddr(),
      };
      const expected = {
        active: step.active,
        primaries: step.primaries.toSorted(),
        numNodes: step.outNumNodes,
        leader: step.outLeader,
      };
      const { op, arg, list } = step;
      assert.deepEqual(actual, expected, `run ${run}, step ${number}: ${JSON.stringify({ op, arg, list })}`);
    }
  }
});
