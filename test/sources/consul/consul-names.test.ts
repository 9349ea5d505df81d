import assert from "node:assert/strict";
import { test } from "node:test";
import { RpcProxy } from "../../../src/core/rpc-proxy.ts";
import { ConsulWatcher } from "../../../src/sources/consul/consul-watcher.ts";
import { DEFAULT_CONSUL_WATCH } from "../../../src/sources/consul/watch-config.ts";
import { StaticServers } from "../../../src/sources/static-servers.ts";
import { FakeCatalog } from "../../support/fake-catalog.ts";
import { CONFIG, fakePorts, settled } from "../../support/fake-ports.ts";
import { begin, end } from "../../support/lives.ts";

const FOUND = { addresses: ["127.0.0.1"], ttlSeconds: 60 };

test("an instance in Consul whose address is a name is used as soon as a configured name, without another word of Consul's", async () => {
  const ports = fakePorts();
  const { clock, resolver } = ports;
  const proxy = new RpcProxy(ports, CONFIG);
  const catalog = new FakeCatalog();
  const watcher = new ConsulWatcher(
    { ...ports, catalog, sink: proxy },
    { ...DEFAULT_CONSUL_WATCH, service: "nomad" },
  );
  const configured = new StaticServers(proxy, ports, ["static.example:4647"]);
  begin(watcher);
  begin(configured);
  await settled();
  catalog.waiting().answer(["consul.example:4647"], 10);
  await clock.advance(8_000);
  assert.equal(proxy.numServers(), 0);
  const asked = catalog.asked.length;
  resolver.names.set("static.example", FOUND);
  resolver.names.set("consul.example", FOUND);
  await clock.advance(5_000);
  assert.deepEqual(proxy.serverRpcAddrs().toSorted(), ["consul.example:4647", "static.example:4647"]);
  assert.equal(catalog.asked.length, asked);
  await end(configured);
  await end(watcher);
  assert.equal(clock.pending, 0);
});
