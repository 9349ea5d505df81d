import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiVersionFilter } from "../../src/core/api-version-filter.ts";
import { FakeClock, FakeLogger } from "../support/fake-ports.ts";

const HOUR_MS = 3_600_000;

function server(rpcAdvertiseAddr: string, rpcMajorVersion: number, rpcMinorVersion: number) {
  return { rpcAdvertiseAddr, rpcMajorVersion, rpcMinorVersion, datacenter: "dc1" };
}

function filterOf(rpcMajorVersion: number, rpcMinorVersion: number) {
  const clock = new FakeClock();
  const logger = new FakeLogger();
  return { clock, logger, filter: new ApiVersionFilter({ rpcMajorVersion, rpcMinorVersion }, clock, logger) };
}

test("a greater major, or the same major and a greater minor version, is filtered", () => {
  const { filter } = filterOf(2, 3);
  const rows: [major: number, minor: number, isUsable: boolean][] = [
    [2, 3, true],
    [2, 2, true],
    [1, 9, true],
    [0, 0, true],
    [2, 4, false],
    [3, 0, false],
    [3, 3, false],
  ];
  for (const [major, minor, isUsable] of rows) {
    const servers = Object.freeze([server("a:1", major, minor)]);
    assert.equal(filter.usable(servers).length, isUsable ? 1 : 0, `${major}.${minor}`);
  }
});

test("each newer server is logged once in 3 h", async () => {
  const { clock, logger, filter } = filterOf(1, 1);
  const newer = [server("a:1", 2, 0), server("b:1", 1, 2)];
  filter.usable(newer);
  filter.usable(newer);
  await clock.advance(3 * HOUR_MS - 1);
  filter.usable(newer);
  assert.equal(logger.lines.length, 2);
  assert.deepEqual(logger.lines[0], {
    level: "warn",
    fields: { server: "a:1", apiVersion: "2.0", ourApiVersion: "1.1" },
    message: "server speaks a newer API version: not used",
  });
  await clock.advance(1);
  filter.usable(newer);
  assert.equal(logger.lines.length, 4);
});

test("of many newer servers one line tells how many there are, and names the first ones", () => {
  const { logger, filter } = filterOf(1, 1);
  const many = Array.from({ length: 7_000 }, (_, index) => server(`s${index}:1`, 2, 0));
  assert.deepEqual(filter.usable([...many, server("a:1", 1, 1)]), [server("a:1", 1, 1)]);
  assert.deepEqual(logger.lines, [
    {
      level: "warn",
      fields: { servers: 7_000, first: "s0:1 (2.0), s1:1 (2.0), s2:1 (2.0)", ourApiVersion: "1.1" },
      message: "servers speak a newer API version: not used",
    },
  ]);
  for (let again = 0; again < 10; again++) {
    filter.usable(many.toReversed());
  }
  assert.equal(logger.lines.length, 1);
});

test("newer servers that are others each time make three lines a minute at most; none is lost that stays", async () => {
  const { clock, logger, filter } = filterOf(1, 1);
  let next = 0;
  const others = (count: number) => Array.from({ length: count }, () => server(`s${next++}:1`, 2, 0));
  for (let second = 0; second < 600; second++) {
    filter.usable(others(second % 5));
    await clock.advance(1_000);
  }
  const tenMinutes = logger.lines.length;
  assert.ok(tenMinutes >= 10 && tenMinutes <= 31, `${tenMinutes}`);
  const stays = others(1);
  for (let second = 0; second < 60; second++) {
    filter.usable(stays);
    await clock.advance(1_000);
  }
  assert.deepEqual(
    logger.lines.slice(tenMinutes).map(({ fields }) => (fields as { server?: string }).server),
    [stays[0]?.rpcAdvertiseAddr],
  );
});

test("an address of any length takes a short piece of a line, on one line", () => {
  const { logger, filter } = filterOf(1, 1);
  filter.usable([server(`\u001b[31m\n${"x".repeat(1_000_000)}`, 2, 0)]);
  const text = JSON.stringify(logger.lines);
  assert.ok(text.length < 500, `${text.length}`);
  assert.doesNotMatch(text, /\\n|\\u001b/);
});
