import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../scripts/lab/seeded-random.ts";
import type { Resolution } from "../../src/core/ports.ts";
import { RpcProxy } from "../../src/core/rpc-proxy.ts";
import { StaticServers } from "../../src/sources/static-servers.ts";
import { CONFIG, fakePorts, settled } from "../support/fake-ports.ts";
import { begin, end } from "../support/lives.ts";

const FOUND: Resolution = { addresses: ["127.0.0.1"], ttlSeconds: 3_600 };

test("a name whose nameservers are silent delays no other server", async () => {
  const ports = fakePorts();
  const resolver = {
    resolve: (host: string) =>
      host.startsWith("silent") ? new Promise<Resolution>(() => undefined) : Promise.resolve(FOUND),
  };
  const proxy = new RpcProxy({ ...ports, resolver }, CONFIG);
  const addresses = ["silent-1.example:1", "silent-2.example:1", "127.0.0.2:1", "found.example:1"];
  const source = new StaticServers(proxy, ports, addresses);
  begin(source);
  await settled();
  assert.deepEqual(proxy.serverRpcAddrs().toSorted(), ["127.0.0.2:1", "found.example:1"]);
  await end(source);
});

test("servers that are known at once are in random order: each is first about as often", async () => {
  const addresses = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"];
  const firsts = new Map<string, number>();
  const random = seededRandom(3);
  for (let round = 0; round < 300; round++) {
    const ports = fakePorts({ random });
    const proxy = new RpcProxy(ports, CONFIG);
    const source = new StaticServers(proxy, ports, addresses);
    begin(source);
    await settled();
    await end(source);
    const head = proxy.findServer()?.key ?? "";
    firsts.set(head, (firsts.get(head) ?? 0) + 1);
  }
  assert.ok(
    addresses.every((address) => (firsts.get(address) ?? 0) > 70),
    JSON.stringify([...firsts]),
  );
});

test("a name is asked for until it resolves or the source stops; one warning is logged", async () => {
  const ports = fakePorts();
  const proxy = new RpcProxy(ports, CONFIG);
  const source = new StaticServers(proxy, ports, ["later.example:1", "never.example:1"]);
  begin(source);
  await ports.clock.advance(60_000);
  ports.resolver.names.set("later.example", FOUND);
  await ports.clock.advance(10_000);
  assert.deepEqual(proxy.serverRpcAddrs(), ["later.example:1"]);
  const asked = ports.resolver.asked.length;
  await end(source);
  assert.equal(ports.clock.pending, 0);
  await ports.clock.advance(60_000);
  assert.equal(ports.resolver.asked.length, asked);
  assert.equal(ports.logger.lines.filter(({ level }) => level === "warn").length, 2);
});

test("a look-up that ends after the stop says nothing", async () => {
  const ports = fakePorts();
  const lookUp = Promise.withResolvers<Resolution>();
  const proxy = new RpcProxy({ ...ports, resolver: { resolve: () => lookUp.promise } }, CONFIG);
  const source = new StaticServers(proxy, ports, ["late.example:1"]);
  begin(source);
  await end(source);
  lookUp.reject(new Error("ended"));
  await settled();
  assert.deepEqual(ports.logger.lines, []);
  assert.equal(ports.clock.pending, 0);
});
