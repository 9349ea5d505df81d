import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { CatalogAnswer } from "../../../src/net/consul/catalog.ts";
import { ConsulWatcher } from "../../../src/sources/consul/consul-watcher.ts";
import { DEFAULT_CONSUL_WATCH } from "../../../src/sources/consul/watch-config.ts";
import { watchWarnings } from "../../../src/sources/consul/watch-status.ts";
import { FakeCatalog } from "../../support/fake-catalog.ts";
import { FakeClock, FakeLogger, noteTo, settled } from "../../support/fake-ports.ts";
import { begin, end } from "../../support/lives.ts";

const [A, B, C, D] = ["10.0.0.1:4647", "10.0.0.2:4647", "10.0.0.3:4647", "10.0.0.4:4647"] as const;
const START = 1_000_000;

async function watching() {
  const catalog = new FakeCatalog();
  const clock = new FakeClock(START);
  const logger = new FakeLogger();
  let list: readonly string[] = [];
  const sink = {
    setBackupServers: (addresses: readonly string[]) => {
      list = addresses;
      return Promise.resolve([]);
    },
  };
  const config = { ...DEFAULT_CONSUL_WATCH, service: "nomad" };
  const watcher = new ConsulWatcher(
    { catalog, sink, clock, random: () => 0.5, logger, note: noteTo(logger) },
    config,
  );
  let index = 10;
  begin(watcher);
  await settled();
  return {
    clock,
    watcher,
    list: () => list,
    missing: () => watcher.status().missingRights,
    said: (level: string) =>
      logger.lines.filter((line) => line.level === level).map(({ message }) => message),
    answers: async (addresses: readonly string[], more: Partial<CatalogAnswer> = {}) => {
      index += 1;
      catalog.waiting().answer(addresses, index, more);
      await settled();
    },
  };
}

const FILTERED = { filteredByAcl: true, withToken: true };

suite("what the token may not read", () => {
  test("is told for as long as Consul hides everything, and since when; the list stays", async () => {
    const { clock, watcher, list, missing, said, answers } = await watching();
    await answers([A, B], { withToken: true });
    assert.equal(missing(), undefined);
    await clock.advance(60_000);
    for (let times = 0; times < 20; times += 1) {
      await answers([], FILTERED);
      await clock.advance(60_000);
    }
    const message =
      "Consul hides instances from the token: it lists 0 usable, the last whole list had 2: without " +
      `${A} ${B}; what is missing is service:read for the service or node:read`;
    assert.deepEqual(missing(), { since: START + 60_000, message });
    assert.deepEqual(watchWarnings(watcher.status()), [missing()]);
    assert.deepEqual(list(), [A, B]);
    assert.deepEqual(said("warn"), [message]);
    await answers([A, B], { withToken: true });
    assert.equal(missing(), undefined);
    assert.deepEqual(said("info"), ["Consul hides nothing from the token any more"]);
    await end(watcher);
  });

  test("a partly filtered list is used, and compared with the last whole one", async () => {
    const { watcher, list, missing, answers } = await watching();
    await answers([A, B, C], { withToken: true });
    await answers([A, D], FILTERED);
    assert.deepEqual(list(), [A, D]);
    assert.match(
      missing()?.message ?? "",
      /it lists 2 usable, the last whole list had 3: without 10\.0\.0\.2:4647 10\.0\.0\.3:4647, with the new 10\.0\.0\.4:4647;/,
    );
    await answers([A, B, C], FILTERED);
    assert.match(missing()?.message ?? "", /the last whole list had 3: the same;/);
    await end(watcher);
  });

  test("a list that was never whole says so; without a token too; many servers are counted", async () => {
    const { watcher, missing, answers } = await watching();
    await answers([A], { filteredByAcl: true });
    assert.match(
      missing()?.message ?? "",
      /from requests without a token: it lists 1 usable, and never listed all;/,
    );
    const many = Array.from({ length: 2_000 }, (_, at) => `10.1.${at >> 8}.${at & 255}:4647`);
    await answers(many, { withToken: true });
    assert.equal(missing(), undefined);
    await answers([], FILTERED);
    assert.match(missing()?.message ?? "", /10\.1\.0\.4:4647 and 1995 more;/);
    assert.ok((missing()?.message.length ?? 0) < 400);
    await end(watcher);
  });

  test("of an older Consul is suspected when the first answer is empty, until an instance is seen", async () => {
    const { watcher, missing, said, answers } = await watching();
    await answers([], { withToken: true });
    await answers([], { withToken: true });
    assert.match(
      missing()?.message ?? "",
      /^Consul lists no instance; the token may lack service:read.*node:read$/,
    );
    assert.equal(said("warn").length, 1);
    await answers([A], { withToken: true });
    assert.equal(missing(), undefined);
    await answers([], { withToken: true });
    assert.equal(missing(), undefined);
    await end(watcher);
  });

  test("is said once a minute at most when servers of Consul disagree about it", async () => {
    const { clock, watcher, said, answers } = await watching();
    await answers([A], { withToken: true });
    for (let times = 0; times < 60; times += 1) {
      await answers([], FILTERED);
      await clock.advance(1_000);
      await answers([A], { withToken: true });
      await clock.advance(1_000);
    }
    assert.ok(said("warn").length <= 3, `${said("warn").length} warnings`);
    await end(watcher);
  });
});

test("a watch that fails warns for as long as it does", async () => {
  const catalog = new FakeCatalog();
  const clock = new FakeClock(START);
  const sink = { setBackupServers: () => Promise.resolve([]) };
  const config = { ...DEFAULT_CONSUL_WATCH, service: "nomad" };
  const logger = new FakeLogger();
  const ports = { catalog, sink, clock, random: () => 0.5, logger, note: noteTo(logger) };
  const watcher = new ConsulWatcher(ports, config);
  begin(watcher);
  await settled();
  catalog.waiting().fail("unreachable");
  await settled();
  const [warning] = watchWarnings(watcher.status());
  assert.equal(warning?.since, START);
  assert.match(warning.message, /^Consul fails: /);
  await clock.advance(2_000);
  catalog.waiting().answer([A], 1);
  await settled();
  assert.deepEqual(watchWarnings(watcher.status()), []);
  await end(watcher);
});
