import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type HeldBack, LineLimit } from "../../src/log/line-limit.ts";
import { FakeClock } from "../support/fake-ports.ts";

function limitWith() {
  const clock = new FakeClock();
  const told: HeldBack[] = [];
  const limit = new LineLimit(clock, (heldBack) => {
    told.push(heldBack);
  });
  const admitted = (times: number, message: string, part = "agent") =>
    Array.from({ length: times }, () => limit.admits({ level: "warn", part, message })).filter(Boolean)
      .length;
  return { clock, told, limit, admitted };
}

suite("the lines of a minute", () => {
  test("are bounded by kind; how many more there were is told at its end", async () => {
    const { clock, told, admitted } = limitWith();
    assert.equal(admitted(4_000, "server failed"), 100);
    assert.equal(admitted(100, "new head"), 100);
    await clock.advance(59_999);
    assert.deepEqual(told, []);
    await clock.advance(1);
    assert.deepEqual(told, [
      { lines: 3_900, like: { level: "warn", part: "agent", message: "server failed" } },
    ]);
    assert.equal(admitted(101, "server failed"), 100);
  });

  test("are one kind though the text behind the colon differs; those of two parts are two", () => {
    const { admitted } = limitWith();
    const differing = Array.from({ length: 500 }, (_, n) => admitted(1, `left out: instance ${n}`));
    assert.equal(
      differing.reduce((sum, one) => sum + one),
      100,
    );
    assert.equal(admitted(200, "left out: x", "agent.pool.web"), 100);
  });

  test("are bounded in all; first lines of a kind come through until there are 100 more", async () => {
    const { clock, told, admitted } = limitWith();
    for (let kind = 0; kind < 6; kind++) {
      assert.equal(admitted(100, `kind ${kind}`), 100);
    }
    assert.equal(admitted(2, "stopping"), 1);
    let others = 0;
    for (let kind = 0; kind < 10_000; kind++) {
      others += admitted(2, `other ${kind}`);
    }
    assert.equal(others, 99);
    await clock.advance(60_000);
    assert.equal(told.length, 1 + 99 + 1);
    assert.deepEqual(told.at(-1), { lines: 2 * (10_000 - 99) });
  });

  test("without any too much end without a word", async () => {
    const { clock, told, admitted } = limitWith();
    admitted(100, "server failed");
    await clock.advance(120_000);
    assert.deepEqual(told, []);
  });

  test("are not bounded after the end, which tells what was held back", async () => {
    const { clock, told, limit, admitted } = limitWith();
    admitted(101, "server failed");
    limit.close();
    assert.equal(told.length, 1);
    assert.equal(admitted(1_000, "server failed"), 1_000);
    await clock.advance(120_000);
    assert.equal(told.length, 1);
  });
});
