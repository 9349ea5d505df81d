import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { until as eventually } from "../../../scripts/lab/until.ts";
import { ConsulClient } from "../../../src/net/consul/consul-client.ts";
import type { ConsulWatchConfig } from "../../../src/sources/consul/watch-config.ts";
import { systemClock } from "../../../src/system-ports.ts";
import { ConsulDriver } from "../../support/consul-driver.ts";
import { WatchedPool } from "../../support/watched-pool.ts";

export interface ConsulUnderTest {
  readonly address: string;
  close(): Promise<void>;
}

/**
 * From Consul's own answer to ours, in milliseconds. A millisecond or two is usual; a noisy machine gets the whole
 * second.
 */
const FOLLOWS_WITHIN_MS = 1_000;

/** What must hold of a watch on any Consul that is well: run on the fake one and on real ones. */
export function watchContract(name: string, open: () => Promise<ConsulUnderTest>): void {
  suite(`a watch on ${name}`, () => {
    let consul: ConsulUnderTest;
    let driver: ConsulDriver;
    before(async () => {
      consul = await open();
      driver = new ConsulDriver(consul.address);
    });
    after(async () => {
      await consul.close();
    });

    /** Runs with a service of its own, so that tests leave each other nothing. */
    async function watching(
      service: string,
      ports: readonly number[],
      run: (pool: WatchedPool) => Promise<void>,
      config: Partial<ConsulWatchConfig> = {},
    ): Promise<void> {
      for (const port of ports) {
        await driver.register({ service, id: `${service}-${port}`, port, tags: ["rpc"] });
      }
      await using pool = new WatchedPool({ address: consul.address }, { service, ...config });
      await pool.shows(at(ports));
      await run(pool);
    }

    /** Waits for Consul's own answer, then holds the watch to its second. */
    async function follows(
      pool: WatchedPool,
      service: string,
      ports: readonly number[],
      tag?: string,
    ): Promise<void> {
      const wanted = at(ports);
      let last: readonly string[] = [];
      const consulShows = async () => {
        last = await driver.passing(service, tag);
        return last.join() === [...wanted].sort().join();
      };
      await eventually(consulShows, () => ({ wanted, last }));
      await pool.shows(wanted, FOLLOWS_WITHIN_MS);
    }

    test("follows registering and deregistering", async () => {
      await watching("joining", [4001], async (pool) => {
        await driver.register({ service: "joining", id: "joining-4002", port: 4002 });
        await follows(pool, "joining", [4001, 4002]);
        await driver.deregister("joining-4001");
        await follows(pool, "joining", [4002]);
      });
    });

    test("follows a check that fails and passes again", async () => {
      await watching("checked", [4001, 4002], async (pool) => {
        await driver.setCheck("checked-4001", "critical");
        await follows(pool, "checked", [4002]);
        await driver.setCheck("checked-4001", "passing");
        await follows(pool, "checked", [4001, 4002]);
      });
    });

    test("follows maintenance mode", async () => {
      await watching("maintained", [4001, 4002], async (pool) => {
        await driver.setMaintenance("maintained-4002", true);
        await follows(pool, "maintained", [4001]);
        await driver.setMaintenance("maintained-4002", false);
        await follows(pool, "maintained", [4001, 4002]);
      });
    });

    test("follows a changed tag", async () => {
      const body = async (pool: WatchedPool) => {
        await driver.register({ service: "tagged", id: "tagged-4001", port: 4001, tags: ["old"] });
        await follows(pool, "tagged", [4002], "rpc");
        await driver.register({ service: "tagged", id: "tagged-4001", port: 4001, tags: ["new", "rpc"] });
        await follows(pool, "tagged", [4001, 4002], "rpc");
      };
      await watching("tagged", [4001, 4002], body, { tag: "rpc" });
    });

    test("follows a changed address and port", async () => {
      await watching("moved", [4001], async (pool) => {
        await driver.register({ service: "moved", id: "moved-4001", address: "127.0.0.9", port: 4009 });
        await eventually(
          async () => (await driver.passing("moved")).join() === "127.0.0.9:4009",
          () => pool.list,
        );
        await pool.shows(["127.0.0.9:4009"], FOLLOWS_WITHIN_MS);
      });
    });

    test("skips an instance with port 0, keeps the others", async () => {
      await watching("portless", [4001], async (pool) => {
        await driver.register({ service: "portless", id: "portless-0", port: 0 });
        await driver.register({ service: "portless", id: "portless-4002", port: 4002 });
        await pool.shows(at([4001, 4002]));
        const warnings = pool.logger.lines.filter(({ level }) => level === "warn");
        assert.match(warnings.map(({ message }) => message).join(), /portless-0: port 0/);
      });
    });

    test("in catalog mode lists what is registered, healthy or not", async () => {
      const body = async (pool: WatchedPool) => {
        await driver.setCheck("listed-4001", "critical");
        await driver.register({ service: "listed", id: "listed-4003", port: 4003, status: "critical" });
        await pool.shows(at([4001, 4002, 4003]));
        await driver.deregister("listed-4002");
        await pool.shows(at([4001, 4003]));
      };
      await watching("listed", [4001, 4002], body, { passing: false });
    });

    test("follows 300 instances registered at once", async () => {
      await watching("crowd", [4000], async (pool) => {
        const ports = Array.from({ length: 300 }, (_, number) => 5_000 + number);
        // Consul takes 200 connections of one client.
        for (let first = 0; first < ports.length; first += 100) {
          const batch = ports.slice(first, first + 100);
          await Promise.all(
            batch.map((port) => driver.register({ service: "crowd", id: `crowd-${port}`, port })),
          );
        }
        await follows(pool, "crowd", [4000, ...ports]);
      });
    });

    test("keeps the last server through the hold time, then lets it go", async () => {
      const body = async (pool: WatchedPool) => {
        await driver.deregister("held-4001");
        await eventually(
          () => pool.watcher.status().emptyUntil !== undefined,
          () => pool.watcher.status(),
        );
        assert.deepEqual(pool.list, at([4001]));
        await pool.shows([]);
        assert.equal(pool.watcher.status().emptyUntil, undefined);
      };
      await watching("held", [4001], body, { emptyHoldMs: 1_500 });
    });

    test("shares one client among pools, each with its own service", async () => {
      await driver.register({ service: "left", id: "left-1", port: 4001 });
      await driver.register({ service: "right", id: "right-1", port: 4002 });
      await using client = new ConsulClient({ address: consul.address });
      await using left = new WatchedPool(client, { service: "left" });
      await using right = new WatchedPool(client, { service: "right" });
      await Promise.all([left.shows(at([4001])), right.shows(at([4002]))]);
      await driver.register({ service: "right", id: "right-2", port: 4003 });
      await right.shows(at([4002, 4003]));
      assert.deepEqual(left.list, at([4001]));
      assert.equal(left.reports.length, 1);
    });

    test("tells its state", async () => {
      const before = systemClock.now();
      await watching("told", [4001], async (pool) => {
        const status = pool.watcher.status();
        assert.equal(status.state.kind, "watching");
        assert.ok((status.lastSuccessAt ?? 0) >= before && (status.lastSuccessAt ?? 0) <= systemClock.now());
        assert.ok(status.index > 0);
        assert.equal(status.datacenter, "dc1");
        assert.equal(status.servers, 1);
        assert.equal(status.lastError, undefined);
        assert.ok((status.queries["ok"] ?? 0) >= 1);
        await pool.stop();
        assert.equal(pool.watcher.status().state.kind, "stopped");
      });
    });
  });
}

function at(ports: readonly number[]): readonly string[] {
  return ports.map((port) => `127.0.0.1:${port}`);
}
