import assert from "node:assert/strict";
import { after, before, suite, type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { until } from "../../../scripts/lab/until.ts";
import type { ConsulWatchConfig } from "../../../src/sources/consul/watch-config.ts";
import type { ConsulUnderTest } from "../../sources/consul/watch-contract.ts";
import { ConsulDriver } from "../../support/consul-driver.ts";
import { type Break, type Reply, type Script, ScriptedHttpProxy } from "../../support/scripted-http-proxy.ts";
import { type Fault, ScriptedTcpProxy } from "../../support/scripted-tcp-proxy.ts";
import { WatchedPool } from "../../support/watched-pool.ts";

const BOTH = ["127.0.0.1:4001", "127.0.0.1:4002"];
const ALL = [...BOTH, "127.0.0.1:4003"];

/** Short, so that a deadline is a matter of a second: 600 + 600/16 + 400 = 1,038 ms. */
const IMPATIENT: Partial<ConsulWatchConfig> = { waitMs: 600, slackMs: 400, maxBackoffMs: 200 };

/** Where each question has an answer, and a late one would be a fault of another kind. */
const SLACK_FOR_ANSWERS_MS = 10_000;

const FAULTS: [what: string, fault: Fault, code: string][] = [
  ["refuses connections", { kind: "refuse" }, "unreachable"],
  ["swallows everything", { kind: "blackhole" }, "timeout"],
  ["answers too slowly", { kind: "slow", delayMs: 2_000 }, "timeout"],
  ["resets connections", { kind: "reset" }, "reset"],
  ["cuts the answer in its body", { kind: "cut", afterBytes: 350 }, "cut-body"],
];

const REPLIES: [what: string, reply: Reply, code: string][] = [
  [
    "answers 200 with a page",
    { status: 200, index: "7", type: "text/html", body: "<html>sign in</html>" },
    "not-json",
  ],
  [
    "answers 200 with a page called JSON",
    { status: 200, type: "application/json", body: "<html>" },
    "not-json",
  ],
  ["answers 200 with nothing", { status: 200, index: "7", type: "application/json", body: "" }, "not-json"],
  ["answers 200 with no list", { status: 200, index: "7", type: "application/json", body: "{}" }, "schema"],
  [
    "answers 200 with foreign JSON",
    { status: 200, index: "7", type: "application/json", body: "[{}]" },
    "schema",
  ],
  [
    "answers 200 with 33 MiB",
    { status: 200, index: "7", type: "application/json", body: `[${" ".repeat(33 * 1_048_576)}]` },
    "too-large",
  ],
  ["answers 429", { status: 429, type: "text/plain", body: "" }, "http-429"],
  [
    "answers 500 with index 1",
    { status: 500, index: "1", type: "text/plain", body: "No cluster leader" },
    "http-5xx",
  ],
  ["answers 403", { status: 403, index: "1", type: "text/plain", body: "ACL not found" }, "http-403"],
  [
    "answers 400",
    { status: 400, type: "text/plain", body: "Failed to create boolean expression" },
    "http-4xx",
  ],
];

const gateway = (status: number): Reply => ({ status, type: "text/html", body: "<title>oh</title>" });

/** How proxies end a query that waits too long for them. */
const ENDS: [what: string, end: Reply | Break][] = [
  ["504", gateway(504)],
  ["502", gateway(502)],
  ["503", gateway(503)],
  ["408", gateway(408)],
  ["200 and nothing", { status: 200, type: "text/plain", body: "" }],
  ["a closed connection", "close"],
  ["a reset connection", "reset"],
  ["half an answer", "cut"],
];

/**
 * What must hold while something between us and Consul fails: run with the fake Consul behind the faults, and a real
 * one.
 */
export function faultContract(name: string, open: () => Promise<ConsulUnderTest>): void {
  suite(`with ${name} behind something that`, () => {
    let consul: ConsulUnderTest;
    let driver: ConsulDriver;
    let service = 0;
    before(async () => {
      consul = await open();
      driver = new ConsulDriver(consul.address);
    });
    after(async () => {
      await consul.close();
    });

    async function registered(): Promise<string> {
      service += 1;
      const name = `faulty-${service}`;
      await driver.register({ service: name, id: `${name}-1`, port: 4001 });
      await driver.register({ service: name, id: `${name}-2`, port: 4002 });
      return name;
    }

    async function recovers(pool: WatchedPool, name: string): Promise<void> {
      await driver.register({ service: name, id: `${name}-3`, port: 4003 });
      await pool.shows(ALL);
      assert.equal(pool.wasEmptied, false);
      const levels = pool.logger.lines.map(({ level }) => level).filter((level) => level !== "debug");
      assert.deepEqual(levels, ["warn", "info"], "one line when it begins and one when it is over");
    }

    async function scripted(
      t: TestContext,
      run: (proxy: ScriptedHttpProxy, pool: WatchedPool, service: string) => Promise<void>,
    ) {
      const name = await registered();
      const proxy = await ScriptedHttpProxy.start(t, consul.address);
      await using pool = new WatchedPool(
        { address: proxy.address },
        { service: name, ...IMPATIENT, slackMs: SLACK_FOR_ANSWERS_MS },
      );
      await pool.shows(BOTH);
      await run(proxy, pool, name);
    }

    for (const [what, fault, code] of FAULTS) {
      test(`${what}: the list stays, changes flow again after`, async (t) => {
        const name = await registered();
        const proxy = await ScriptedTcpProxy.start(t, consul.address);
        await using pool = new WatchedPool({ address: proxy.address }, { service: name, ...IMPATIENT });
        await pool.shows(BOTH);
        await proxy.fail(fault);
        await pool.fails(code);
        assert.deepEqual(pool.list, BOTH);
        await proxy.fail({ kind: "none" });
        await recovers(pool, name);
      });
    }

    for (const [what, reply, code] of REPLIES) {
      test(`${what}: the list stays, its index is not taken, changes flow again after`, async (t) => {
        await scripted(t, async (proxy, pool, name) => {
          const forwarding = proxy.script;
          proxy.script = () => reply;
          await pool.fails(code);
          if (reply.status >= 400 && reply.body !== "") {
            const told = `Consul answers ${reply.status}: ${reply.body}`;
            assert.equal(pool.watcher.status().lastError?.message, told);
            assert.ok(pool.logger.lines.some(({ fields }) => "reason" in fields && fields.reason === told));
          }
          proxy.requests.length = 0;
          proxy.script = forwarding;
          await recovers(pool, name);
          assert.equal(proxy.requests[0]?.index, 0);
        });
      });
    }

    suite("ends a query that waits longer than 1.2 s", { concurrency: true }, () => {
      for (const [what, end] of ENDS) {
        test(`with ${what}: no word of it but that waits are shorter; changes and a hold go on`, async (t) => {
          const name = await registered();
          const proxy = await ScriptedHttpProxy.start(t, consul.address);
          proxy.script = (forward, index) =>
            index === 0 ? forward() : Promise.race([forward(), pause(1_200, end)]);
          const config = { waitMs: 30_000, emptyHoldMs: 4_000 };
          await using pool = new WatchedPool({ address: proxy.address }, { service: name, ...config });
          await pool.shows(BOTH);
          const status = () => pool.watcher.status();
          await until(() => status().waitLimitMs !== undefined, status);
          await driver.register({ service: name, id: `${name}-3`, port: 4003 });
          await pool.shows(ALL);
          await Promise.all([1, 2, 3].map((number) => driver.deregister(`${name}-${number}`)));
          await until(() => status().emptyUntil !== undefined, status);
          await pool.shows([], 8_000);
          assert.equal(status().lastError, undefined);
          const told = pool.logger.lines.filter(({ level }) => level !== "debug");
          assert.deepEqual(
            told.map(({ level }) => level),
            ["info"],
          );
        });
      }
    });

    test("lets the index fall: the watch starts again at 0", async (t) => {
      await scripted(t, async (proxy, pool, name) => {
        const falls: Script = async (forward) => ({ ...(await forward(0)), index: "2" });
        proxy.requests.length = 0;
        proxy.script = falls;
        await driver.register({ service: name, id: `${name}-1`, port: 4001 });
        await until(
          () => proxy.requests.some(({ index }) => index === 0),
          () => proxy.requests,
        );
        proxy.script = (forward) => forward();
        await driver.register({ service: name, id: `${name}-3`, port: 4003 });
        await pool.shows(ALL);
        assert.equal(pool.wasEmptied, false);
      });
    });

    test("drops the index: the watch polls at its minimum interval", async (t) => {
      await scripted(t, async (proxy, pool, name) => {
        proxy.script = async (forward) => ({ ...(await forward(0)), index: undefined });
        await driver.register({ service: name, id: `${name}-3`, port: 4003 });
        await pool.shows(ALL);
      });
    });

    test("answers at once with the same index: requests stay under the minimum interval's rate", async (t) => {
      await scripted(t, async (proxy) => {
        let last: Reply | undefined;
        proxy.script = async (forward) => (last ??= await forward());
        await until(
          () => proxy.requests.length >= 6,
          () => proxy.requests,
        );
        // A request that is seen late makes one gap longer and the next one shorter: the one in the middle is right.
        const times = proxy.requests.slice(0, 6).map(({ at }) => at);
        const gaps = times.slice(1).map((at, gap) => at - (times[gap] ?? 0));
        const middle = gaps.toSorted((one, other) => one - other)[2] ?? 0;
        assert.ok(middle >= 450, `gaps of ${gaps.join(", ")} ms`);
      });
    });

    test("was not there at the start: the watch catches up, and says so once", async (t) => {
      const name = await registered();
      const proxy = await ScriptedTcpProxy.start(t, consul.address);
      await proxy.fail({ kind: "refuse" });
      await using pool = new WatchedPool({ address: proxy.address }, { service: name, ...IMPATIENT });
      await pool.fails("unreachable");
      assert.deepEqual(pool.reports, []);
      await proxy.fail({ kind: "none" });
      await pool.shows(BOTH);
      const levels = pool.logger.lines.map(({ level }) => level).filter((level) => level !== "debug");
      assert.deepEqual(levels, ["warn", "info"]);
    });
  });
}
