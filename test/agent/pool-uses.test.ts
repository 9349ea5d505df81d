/** Which pools are asked for: what threads note, and when a pool is idle. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { PoolUses } from "../../src/agent/pool-uses.ts";
import { USE_MARK } from "../../src/views/dns/use-mark.ts";
import { FakeClock } from "../support/fake-ports.ts";

function used() {
  const clock = new FakeClock(1_000);
  const uses = new PoolUses(clock);
  const marks = new Uint8Array(uses.memory);
  const told: string[] = [];
  const pool = (name: string) => uses.begin(() => told.push(name));
  return { clock, uses, marks, told, pool };
}

suite("a pool", () => {
  test("counts as asked for when it begins, and is idle after 30 s without a question", async () => {
    const { clock, marks, pool } = used();
    const use = pool("web");
    await clock.advance(29_999);
    assert.equal(use.isIdle(), false);
    await clock.advance(1);
    assert.equal(use.isIdle(), true);
    assert.equal(marks[use.slot], USE_MARK.AWAITED);
    assert.equal(use.isIdle(), true, "asking changes nothing");
    assert.equal(use.lastAskedAt(), 1_000);
  });

  test("that a thread was asked for is not idle for 30 s from when that is seen", async () => {
    const { clock, marks, pool } = used();
    const use = pool("web");
    await clock.advance(20_000);
    marks[use.slot] = USE_MARK.ASKED;
    assert.equal(use.lastAskedAt(), 21_000);
    assert.equal(marks[use.slot], USE_MARK.NONE);
    await clock.advance(29_999);
    assert.equal(use.isIdle(), false);
    marks[use.slot] = USE_MARK.ASKED;
    await clock.advance(60_000);
    assert.equal(use.isIdle(), false, "whenever it was: it is seen now");
    await clock.advance(30_000);
    assert.equal(use.isIdle(), true);
  });

  test("is not idle from the question that was awaited; whoever pings it is told", async () => {
    const { clock, marks, told, pool, uses } = used();
    const [web, db] = [pool("web"), pool("db")];
    await clock.advance(60_000);
    assert.deepEqual([web.isIdle(), db.isIdle()], [true, true]);
    marks[web.slot] = USE_MARK.ASKED;
    uses.asked(web.slot);
    assert.deepEqual(told, ["web"]);
    assert.deepEqual([web.isIdle(), db.isIdle()], [false, true]);
  });

  test("is not idle while there is a reader", async () => {
    const { clock, told, pool, uses } = used();
    const [web, db] = [pool("web"), pool("db")];
    await clock.advance(60_000);
    const [end, endToo] = [uses.beginReading(), uses.beginReading()];
    assert.deepEqual(told, ["web", "db", "web", "db"]);
    await clock.advance(60_000);
    end();
    assert.deepEqual([web.isIdle(), db.isIdle()], [false, false]);
    endToo();
    assert.deepEqual([web.isIdle(), db.isIdle()], [true, true]);
  });

  test("has a slot of its own, which the next pool takes over when it has ended, without its mark", async () => {
    const { clock, marks, told, pool, uses } = used();
    const [a, b, c] = [pool("a"), pool("b"), pool("c")];
    assert.equal(new Set([a.slot, b.slot, c.slot]).size, 3);
    await clock.advance(60_000);
    assert.equal(b.isIdle(), true);
    b.end();
    uses.asked(b.slot);
    assert.deepEqual(told, []);
    const d = pool("d");
    assert.equal(d.slot, b.slot);
    assert.equal(marks[d.slot], USE_MARK.NONE);
    assert.equal(d.isIdle(), false);
    b.end();
    uses.asked(d.slot);
    assert.deepEqual(told, ["d"], "one that ends again leaves it alone");
  });
});
