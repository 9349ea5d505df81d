/** Two dead servers at the front of a list: the journal, the log and the history tell the same order and heads. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RpcProxy } from "../../../src/core/rpc-proxy.ts";
import { ConnectionPinger } from "../../../src/net/connection/connection-pinger.ts";
import { HealthMonitor } from "../../../src/sources/health/health-monitor.ts";
import { Penalties } from "../../../src/sources/health/penalties.ts";
import { CONFIG, fakePorts, noteTo, settled } from "../../support/fake-ports.ts";
import { FakeServers } from "../../support/fake-servers.ts";
import { begin, end } from "../../support/lives.ts";

const KEYS = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"] as const;
const [FIRST, SECOND, THIRD] = KEYS;

for (const standby of [false, true]) {
  test(`one failure after the other, each with the head that followed it (standby: ${standby})`, async () => {
    const base = fakePorts();
    const servers = new FakeServers(base.clock);
    const penalties = new Penalties(base.clock);
    const ports = { ...base, pinger: new ConnectionPinger(servers, { timeoutMs: 500 }) };
    const proxy = new RpcProxy({ ...ports, avoids: (key) => penalties.isAvoided(key) }, CONFIG);
    for (const address of KEYS) {
      await proxy.addPrimaryServer(address);
    }
    const told: { readonly server: string; readonly head: string }[] = [];
    const headsWhenTold: (string | undefined)[] = [];
    const write = noteTo(base.logger);
    const monitor = new HealthMonitor(
      {
        ...ports,
        proxy,
        connector: servers,
        penalties,
        note: (event) => {
          write(event);
          if (event.kind === "head-failed") {
            told.push({ server: event.server, head: event.head });
            headsWhenTold.push(proxy.findServer()?.key);
          }
        },
      },
      { intervalMs: 500, idleIntervalMs: 5_000, timeoutMs: 500, standby },
    );
    begin(monitor);
    await settled();
    const before = proxy.snapshot().revision;
    servers.kill(FIRST);
    if (!standby) {
      servers.kill(SECOND);
    }
    await base.clock.advance(2_000);
    if (standby) {
      servers.kill(SECOND);
      await base.clock.advance(2_000);
    }
    await end(monitor);
    assert.equal(proxy.findServer()?.key, THIRD);
    const expected = [
      { server: FIRST, head: SECOND },
      { server: SECOND, head: THIRD },
    ];
    assert.deepEqual(told, expected);
    // Each is told before the list changes, so that what follows from the change is told after it.
    assert.deepEqual(headsWhenTold, [FIRST, SECOND]);
    const changes = proxy.history().filter(({ revision }) => revision > before);
    assert.deepEqual(
      changes.map(({ cause, head }) => ({ server: cause.server, head })),
      expected,
    );
    assert.deepEqual(
      base.logger.lines
        .filter(({ level }) => level === "warn")
        .map(({ fields }) => {
          const { head, server } = fields as { head?: string; server?: string };
          return { server, head };
        }),
      expected,
    );
  });
}
