import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiVersionFilter } from "../../src/core/api-version-filter.ts";
import { FakeClock, FakeLogger } from "./fake-ports.ts";

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
