import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { ConsulClient } from "../src/consul/consul-client.ts";
import { SelfRegistration } from "../src/consul/self-registration.ts";
import { silentLogger, systemClock } from "../src/system-ports.ts";
import { eventually } from "../test/consul/eventually.ts";
import { ConsulContainer } from "./support/consul-container.ts";

interface CatalogEntry {
  readonly ServiceMeta: Record<string, string>;
}

test("the agent appears in Consul with version and heads, follows its head, and leaves", async () => {
  await using consul = await ConsulContainer.start();
  await using client = new ConsulClient({ address: `http://127.0.0.1:${consul.httpPort}` });
  const heads = new Map([["nomad", "192.0.2.1:4647"]]);
  const ready = createServer((_, response) => response.end());
  ready.listen(0, "127.0.0.1");
  await once(ready, "listening");
  const httpAddress = `http://127.0.0.1:${(ready.address() as AddressInfo).port}`;
  const self = new SelfRegistration(
    { registry: client, clock: systemClock, logger: silentLogger },
    { httpAddress, readinessPath: "/v1/agent/ready", describe: () => ({ version: "1.2.3", heads }) },
  );
  const listed = async () =>
    (await consul.http.call("GET", "/v1/catalog/service/headwaiter")) as CatalogEntry[];
  const meta = async () => (await listed())[0]?.ServiceMeta ?? {};
  let last: unknown;
  const shows = (holds: (found: Record<string, string>) => boolean) =>
    eventually(
      async () => {
        const found = await meta();
        last = found;
        return holds(found);
      },
      () => last,
    );
  try {
    self.start();
    await shows((found) => found["version"] === "1.2.3" && found["head_nomad"] === "192.0.2.1:4647");
    heads.set("nomad", "192.0.2.2:4647");
    await shows((found) => found["head_nomad"] === "192.0.2.2:4647");
    const checks = (await consul.http.call("GET", "/v1/health/checks/headwaiter")) as { Type: string }[];
    assert.deepEqual(
      checks.map(({ Type }) => Type),
      ["http"],
    );
  } finally {
    await self.stop();
    ready.close();
  }
  assert.deepEqual(await listed(), []);
});
