import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { RpcProxy } from "../../../src/core/rpc-proxy.ts";
import { ServerEndpoint } from "../../../src/core/server-endpoint.ts";
import { ConnectionError } from "../../../src/net/connection/connection-error.ts";
import { hearingRegion, hearingRegionOf, RegionGate } from "../../../src/sources/region/region-gate.ts";
import { CONFIG, fakePorts } from "../../support/fake-ports.ts";
import { begin, end } from "../../support/lives.ts";

const [A, B, C] = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"] as const;

/** Servers and their regions: ours is `global`; one that is `silent` answers nothing. */
async function bench(regions: Readonly<Record<string, string>>) {
  const ports = fakePorts();
  const proxy = new RpcProxy(ports, CONFIG);
  const regionOf = new Map(Object.entries(regions));
  const asked: { readonly key: string; readonly at: number }[] = [];
  let underWay = 0;
  let mostUnderWay = 0;
  const gate = new RegionGate(
    {
      ...ports,
      proxy,
      query: async ({ key }) => {
        asked.push({ key, at: ports.clock.now() });
        mostUnderWay = Math.max(mostUnderWay, ++underWay);
        await Promise.resolve();
        underWay -= 1;
        const own = regionOf.get(key) ?? "global";
        if (own === "silent") {
          throw new Error("no answer");
        }
        return own === "global" ? { serves: true, own: undefined } : { serves: false, own };
      },
    },
    "global",
  );
  await proxy.setBackupServers(Object.keys(regions));
  const head = () => proxy.findServer()?.key;
  const { clock, logger } = ports;
  return { asked, clock, gate, head, logger, proxy, regionOf, most: () => mostUnderWay };
}

function loud({ lines }: Awaited<ReturnType<typeof bench>>["logger"]) {
  return lines
    .filter(({ level }) => level !== "debug")
    .map(({ fields, message }) => ({ ...fields, message }));
}

suite("servers that don't serve our region", () => {
  test("only such ones: no head, the reason, and one line", async () => {
    const { clock, gate, logger, proxy } = await bench({ [A]: "eu", [B]: "eu", [C]: "eu" });
    assert.deepEqual(gate.warnings(), []);
    await clock.advance(7_000);
    begin(gate);
    await clock.advance(1_000);
    assert.deepEqual(proxy.serverRpcAddrs(), []);
    const [warning = assert.fail()] = gate.warnings();
    assert.equal(
      warning.message,
      `Not used, because they don't serve region global: ${A}, ${B}, ${C}; no server is left`,
    );
    assert.ok(warning.since >= 7_000 && warning.since <= 8_000);
    assert.equal(proxy.snapshot().cause.reason, "does not serve region global, but eu");
    await clock.advance(3_600_000);
    await end(gate);
    const message = "server does not serve our region: not used";
    assert.deepEqual(loud(logger), [{ server: A, region: "global", own: "eu", message }]);
    assert.equal(clock.pending, 0, "no timer left");
  });

  test("in a mixed list the right ones are used, wherever they stand, and silent ones stay as they are", async () => {
    const { clock, gate, head, proxy } = await bench({ [A]: "eu", [B]: "silent", [C]: "global" });
    begin(gate);
    await clock.advance(1_000);
    assert.deepEqual([head(), proxy.serverRpcAddrs()], [B, [B, C]]);
    assert.match(gate.warnings()[0]?.message ?? "", /127\.0\.0\.1:1$/);
    await end(gate);
  });

  test("one that comes later is asked within a second, each once", async () => {
    const { asked, clock, gate, proxy } = await bench({ [A]: "global", [B]: "eu" });
    begin(gate);
    await clock.advance(5_000);
    const before = asked.length;
    await proxy.setBackupServers([A, B, C]);
    await clock.advance(1_000);
    await end(gate);
    assert.deepEqual(
      asked.slice(before).map(({ key }) => key),
      [C],
    );
    assert.deepEqual(proxy.serverRpcAddrs(), [A, C]);
  });

  test("comes back when it says otherwise: at the end, within 20 s, or 2 s when no server is left", async () => {
    for (const [other, withinMs] of [
      ["global", 20_000],
      ["eu", 2_000],
    ] as const) {
      const { clock, gate, logger, proxy, regionOf } = await bench({ [A]: "eu", [B]: other });
      begin(gate);
      await clock.advance(60_000);
      regionOf.set(A, "global");
      await clock.advance(withinMs);
      assert.deepEqual(proxy.serverRpcAddrs(), other === "global" ? [B, A] : [A]);
      assert.equal(loud(logger).at(-1)?.message, "server serves our region now: used again");
      regionOf.set(A, "eu");
      await clock.advance(60_000);
      assert.ok(proxy.snapshot().members.has(A), "it is asked when it is dialled, not again and again");
      await end(gate);
    }
  });

  test("a text for a region that is none is escaped and cut", async () => {
    const { clock, gate, logger, proxy } = await bench({ [A]: `eu\n\u001b[31m${"x".repeat(10_000)}` });
    begin(gate);
    await clock.advance(1_000);
    await end(gate);
    const { reason = "" } = proxy.snapshot().cause;
    assert.doesNotMatch(JSON.stringify([reason, loud(logger)]), /\\n|\\u001b/);
    assert.ok(reason.length < 500, `${reason.length}`);
  });

  test("few are asked at the same time, and a large fleet's agents spread theirs over 15 min", async () => {
    const many = Array.from({ length: 500 }, (_, index) => [`10.0.0.1:${index + 1}`, "global"] as const);
    const { asked, clock, gate, most, proxy } = await bench(Object.fromEntries(many));
    await proxy.refreshServerLists([], 1_000_000, "");
    begin(gate);
    await clock.advance(900_000);
    await end(gate);
    assert.equal(asked.length, 500);
    assert.equal(most(), 8);
    assert.ok((asked[0]?.at ?? 0) > 1_000, "not all agents at once");
  });
});

suite("who hears of it", () => {
  const server = ServerEndpoint.fromLiteral(A);
  const noPath = new ConnectionError("no-path-to-region", A, "No path to region");
  const refused = new ConnectionError("connection-refused", A, "connection refused");

  test("whoever opens a connection, and asks for a heartbeat; other errors tell nothing of a region", async () => {
    const told: [string, string | undefined][] = [];
    const note = ({ key }: ServerEndpoint, own?: string) => told.push([key, own]);
    for (const error of [noPath, refused]) {
      const connector = hearingRegion({ open: () => Promise.reject(error) }, note);
      await assert.rejects(connector.open(server, { timeoutMs: 1 }), error);
      const query = hearingRegionOf(() => Promise.reject(error), note);
      await assert.rejects(query(server, AbortSignal.abort()), error);
    }
    assert.deepEqual(told, [
      [A, undefined],
      [A, undefined],
    ]);
    const answer = { servers: [], numNodes: 1, leaderRpcAddr: "" };
    for (const otherRegion of [undefined, "eu"]) {
      const query = hearingRegionOf(() => Promise.resolve({ ...answer, otherRegion }), note);
      await query(server, AbortSignal.abort());
    }
    assert.deepEqual(told.slice(2), [[A, "eu"]]);
  });
});
