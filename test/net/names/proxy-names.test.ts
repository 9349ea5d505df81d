import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { until } from "../../../scripts/lab/until.ts";
import { RpcProxy } from "../../../src/core/rpc-proxy.ts";
import { CONFIG, type FakeClock, fakePorts } from "../../support/fake-ports.ts";
import { a, reply, type Script, type ScriptedNameserver, TYPE } from "../../support/scripted-nameserver.ts";
import { nameserver, resolverAt } from "./resolving.ts";

/** Says what `state` says now; the tests change it. */
function changingZone(state: { address: string | undefined; ttl: number }): Script {
  return (asked, send) => {
    const { address, ttl } = state;
    if (address === undefined) {
      send(reply(asked, { rcode: 2 }));
    } else {
      send(reply(asked, { records: asked.type === TYPE.A ? [a(asked.name, address, ttl)] : [] }));
    }
  };
}

async function proxyOf(server: ScriptedNameserver): Promise<{ proxy: RpcProxy; clock: FakeClock }> {
  const ports = fakePorts();
  const proxy = new RpcProxy({ ...ports, resolver: resolverAt([server]) }, CONFIG);
  await proxy.addPrimaryServer("db.example:4647");
  return { proxy, clock: ports.clock };
}

const addresses = (proxy: RpcProxy) => proxy.findServer()?.addresses;

suite("the proxy's names through the resolver", () => {
  test("a name is asked for again when its TTL is over, not before", async () => {
    const state = { address: "10.0.0.1", ttl: 300 };
    const server = await nameserver(changingZone(state));
    const { proxy, clock } = await proxyOf(server);
    const controller = new AbortController();
    const running = proxy.run(controller.signal);
    assert.deepEqual(addresses(proxy), ["10.0.0.1"]);

    state.address = "10.0.0.2";
    await clock.advance(299_000);
    assert.equal(server.asked.length, 2);
    assert.deepEqual(addresses(proxy), ["10.0.0.1"]);
    await clock.advance(2_000);
    await until(() => addresses(proxy)?.[0] === "10.0.0.2", "re-resolved");
    assert.equal(server.asked.length, 4);

    controller.abort();
    await running;
    assert.equal(clock.pending, 0);
  });

  test("a failure asks early; a name that stops resolving keeps its last addresses and comes back", async () => {
    const state: { address: string | undefined; ttl: number } = { address: "10.0.0.1", ttl: 3_600 };
    const server = await nameserver(changingZone(state));
    const { proxy, clock } = await proxyOf(server);
    await proxy.addPrimaryServer("10.0.9.9");
    const named = proxy.findServer();
    assert.ok(named);

    state.address = "10.0.0.2";
    await clock.advance(2_000);
    proxy.notifyFailedServer(named);
    await until(() => proxy.snapshot().servers.at(-1)?.addresses[0] === "10.0.0.2", "re-resolved early");

    state.address = undefined;
    await clock.advance(2_000);
    const asked = server.asked.length;
    proxy.notifyFailedServer(named);
    await until(() => server.asked.length >= asked + 2, "asked");
    const other = proxy.findServer();
    assert.ok(other);
    assert.equal(other.host, "10.0.9.9");
    assert.deepEqual(proxy.snapshot().servers.at(-1)?.addresses, ["10.0.0.2"]);

    state.address = "10.0.0.3";
    await clock.advance(2_000);
    proxy.notifyFailedServer(named);
    await until(() => proxy.snapshot().servers.at(-1)?.addresses[0] === "10.0.0.3", "came back");
  });

  test("a name that can't be resolved is refused with the resolver's reason", async () => {
    const server = await nameserver((asked, send) => {
      send(reply(asked, { rcode: 3 }));
    });
    await assert.rejects(
      proxyOf(server),
      /^EndpointError: server address "db.example:4647": expected a name with an address \(name "db.example": no such name \(says 127\.0\.0\.1:\d+\)\)$/,
    );
  });
});
