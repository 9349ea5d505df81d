import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { gunzipSync } from "node:zlib";
import { RpcProxy } from "../../src/core/rpc-proxy.ts";
import { ServerEndpoint } from "../../src/core/server-endpoint.ts";
import { CONFIG, fakePorts } from "../support/fake-ports.ts";

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

/** Where our lists are not those recorded; one line each. */
function differencesOf(proxy: RpcProxy, step: Step): string[] {
  const primaries = proxy.snapshot().serversOf("primary");
  const expected = {
    active: step.active,
    // The order of the primaries among themselves is the active list's, here; in v0.4.0 that of their arrival.
    primaries: step.active.filter((key) => step.primaries.includes(key)),
    "primaries, whatever their order": step.primaries.toSorted(),
    numNodes: step.outNumNodes,
    leader: step.outLeader,
  };
  const actual: Record<keyof typeof expected, unknown> = {
    active: proxy.serverRpcAddrs(),
    primaries: primaries.map((server) => server.key),
    "primaries, whatever their order": primaries.map((server) => server.key).toSorted(),
    numNodes: proxy.numNodes(),
    leader: proxy.leaderAddr(),
  };
  return (Object.keys(expected) as (keyof typeof expected)[])
    .filter((what) => !isDeepStrictEqual(actual[what], expected[what]))
    .map(
      (what) => `${what}: expected ${JSON.stringify(expected[what])}, got ${JSON.stringify(actual[what])}`,
    );
}

test("all 100 recorded runs of v0.4.0 give the same lists, step by step", async (t) => {
  assert.equal(runs.length, 100);
  const differing: string[] = [];
  for (const [run, steps] of runs.entries()) {
    const proxy = new RpcProxy(fakePorts(), CONFIG);
    for (const [number, step] of steps.entries()) {
      await perform(proxy, step);
      const differences = differencesOf(proxy, step);
      if (differences.length > 0) {
        const { op, arg, list } = step;
        const operation = JSON.stringify({ op, arg, list });
        differing.push([`run ${run}, step ${number}: ${operation}`, ...differences].join("\n  "));
      }
    }
  }
  const total = runs.reduce((sum, steps) => sum + steps.length, 0);
  t.diagnostic(`${differing.length} differing steps of ${total}`);
  assert.equal(
    differing.length,
    0,
    `${differing.length} differing steps of ${total}\n${differing.slice(0, 20).join("\n")}`,
  );
});
