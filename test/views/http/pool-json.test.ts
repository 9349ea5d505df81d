import assert from "node:assert/strict";
import { test } from "node:test";
import { RpcProxy } from "../../../src/core/rpc-proxy.ts";
import { ServerEndpoint } from "../../../src/core/server-endpoint.ts";
import { poolFacts } from "../../../src/views/http/pool-facts.ts";
import { poolJson } from "../../../src/views/http/pool-json.ts";
import { CONFIG, fakePorts } from "../../support/fake-ports.ts";
import { fakePool, httpOptions, unwatchedView } from "../../support/http-fixtures.ts";

const [A, B, C] = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"] as const;

test("a server changed when it came or moved last; of one that is not shown nothing is said", async () => {
  const ports = fakePorts();
  const proxy = new RpcProxy(ports, CONFIG);
  for (const address of [A, B, C]) {
    await ports.clock.advance(1_000);
    await proxy.addPrimaryServer(address);
  }
  await ports.clock.advance(1_000);
  proxy.notifyFailedServer(ServerEndpoint.fromLiteral(A));
  const pools = new Map([["web", fakePool("web", { proxy, view: () => unwatchedView("web", proxy) })]]);
  const shown = (limit: number) => {
    const { servers } = poolJson(poolFacts(httpOptions({ pools }), "web"), limit);
    return servers.map(({ address, changed_at }) => [address, Date.parse(changed_at ?? "")]);
  };
  const all = [
    [B, 2_000],
    [C, 3_000],
    [A, 4_000],
  ];
  assert.deepEqual(shown(256), all);
  assert.deepEqual(shown(2), all.slice(0, 2));
});
