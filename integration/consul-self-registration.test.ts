import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, suite, test } from "node:test";
import { until } from "../scripts/lab/until.ts";
import { ConsulClient } from "../src/net/consul/consul-client.ts";
import { silentLogger, systemClock } from "../src/system-ports.ts";
import { SelfRegistration } from "../src/views/self-registration.ts";
import { begin, end } from "../test/support/lives.ts";
import { ConsulContainer } from "./support/consul-container.ts";

interface CatalogEntry {
  readonly Address: string;
  readonly ServiceID: string;
  readonly ServiceAddress: string;
  readonly ServiceMeta: Record<string, string>;
}

interface Check {
  readonly CheckID: string;
  readonly Name: string;
  readonly ServiceID: string;
  readonly Status: string;
  readonly Type: string;
}

/** Consul drops a service after a minute at the least, and looks every 30 s. */
const REAPED_WITHIN_MS = 120_000;

suite("the agent in a real Consul", () => {
  let consul: ConsulContainer;
  let client: ConsulClient;
  let ready: Server;
  const limits = { deadlineMs: 5_000, signal: new AbortController().signal };
  const heads = new Map([["nomad", "192.0.2.1:4647"]]);

  before(async () => {
    consul = await ConsulContainer.start();
    client = new ConsulClient({ address: `http://127.0.0.1:${consul.httpPort}` });
    ready = createServer((_, response) => response.end());
    ready.listen(0, "127.0.0.1");
    await once(ready, "listening");
  });
  after(async () => {
    ready.close();
    await client.close();
    await consul.remove();
  });

  const selfOn = (host: string, hostname = "web1") =>
    new SelfRegistration(
      { registry: client, clock: systemClock, logger: silentLogger },
      {
        hostname,
        listen: { host, port: (ready.address() as AddressInfo).port },
        readinessPath: "/v1/agent/ready",
        describe: () => ({ version: "1.2.3", heads, waitsFor: undefined }),
      },
    );
  const listed = async () =>
    (await consul.http.call("GET", "/v1/catalog/service/headwaiter")) as CatalogEntry[];
  const checks = async () => (await consul.http.call("GET", "/v1/health/checks/headwaiter")) as Check[];
  const shows = async <Shown>(
    look: () => Promise<Shown>,
    holds: (shown: Shown) => boolean,
    withinMs?: number,
  ) => {
    let last: Shown | undefined;
    const seen = async () => {
      last = await look();
      return holds(last);
    };
    await until(seen, () => last, withinMs);
  };

  test("appears with version and heads, follows its head, and leaves", async () => {
    const self = selfOn("127.0.0.1");
    const metaHas = (key: string, value: string) =>
      shows(listed, ([entry]) => entry?.ServiceMeta[key] === value);
    try {
      begin(self);
      await metaHas("version", "1.2.3");
      await metaHas("head_nomad", "192.0.2.1:4647");
      heads.set("nomad", "192.0.2.2:4647");
      await metaHas("head_nomad", "192.0.2.2:4647");
      assert.deepEqual((await checks()).map(({ Name, Type }) => `${Name} ${Type}`).toSorted(), [
        "alive ttl",
        "readiness http",
      ]);
    } finally {
      await end(self);
    }
    assert.deepEqual(await listed(), []);
  });

  for (const host of ["0.0.0.0", "::"]) {
    test(`listening on ${host}, is found at the address of its node, one service per agent`, async () => {
      const agents = [selfOn(host), selfOn(host, "web2"), selfOn("127.0.0.1")];
      try {
        for (const self of agents) {
          begin(self);
        }
        await shows(listed, (found) => found.length === agents.length);
        assert.equal(new Set((await listed()).map(({ ServiceID }) => ServiceID)).size, agents.length);
        for (const { Address, ServiceAddress } of await listed()) {
          assert.deepEqual([Address, ServiceAddress], ["127.0.0.1", ""]);
        }
      } finally {
        await Promise.all(agents.map((self) => end(self)));
      }
      assert.deepEqual(await listed(), []);
    });
  }

  test("that Consul took for dead is alive again when it starts anew", async () => {
    const self = selfOn("127.0.0.1");
    const alive = async () => (await checks()).find(({ Name }) => Name === "alive");
    try {
      begin(self);
      await shows(alive, (check) => check?.Status === "passing");
      const { CheckID = assert.fail() } = (await alive()) ?? {};
      await client.reportCheck(CheckID, { passing: false, note: "TTL expired" }, limits);
      await shows(alive, (check) => check?.Status === "critical");
      const again = selfOn("127.0.0.1");
      begin(again);
      await shows(alive, (check) => check?.Status === "passing");
      assert.equal((await listed()).length, 1);
      await end(again);
    } finally {
      await end(self);
    }
  });

  test("is dropped by Consul when it is dead for long", async () => {
    const alive = {
      id: "dead:alive",
      name: "alive",
      kind: "ttl",
      ttlMs: 1_000,
      reapAfterMs: 60_000,
    } as const;
    await client.registerService(
      { id: "dead", name: "headwaiter", port: 1, meta: {}, checks: [alive] },
      limits,
    );
    await shows(listed, (found) => found.length === 1);
    await shows(listed, (found) => found.length === 0, REAPED_WITHIN_MS);
  });
});
