import assert from "node:assert/strict";
import { test } from "node:test";
import { StateWriter } from "../../src/state/state-writer.ts";
import { FakeClock, settled } from "../support/fake-ports.ts";

/** A writer whose disk takes what it is given, unless it is told to refuse or to hang. */
function scene() {
  const clock = new FakeClock();
  const disk = { refuses: undefined as string | undefined, waits: undefined as Promise<unknown> | undefined };
  const writes: { readonly at: number; readonly value: number }[] = [];
  const ended: (string | undefined)[] = [];
  const world = { value: 0 };
  const writer = new StateWriter({
    clock,
    encode: () => new Uint8Array([world.value]),
    write: async ([value = -1]) => {
      writes.push({ at: clock.now(), value });
      await disk.waits;
      if (disk.refuses !== undefined) {
        throw Object.assign(new Error("refused"), { code: disk.refuses });
      }
    },
    ended: (failure) => ended.push(failure),
  });
  const change = () => {
    world.value += 1;
    writer.changed();
  };
  /** Writes hang until the returned function is called. */
  const hang = () => {
    const held = Promise.withResolvers();
    disk.waits = held.promise;
    return () => {
      held.resolve(undefined);
    };
  };
  return { change, clock, disk, ended, hang, world, writer, writes };
}

test("writes a second after the first change, and at most every five seconds", async () => {
  const { change, clock, writer, writes } = scene();
  writer.start();
  for (let step = 0; step < 120; step += 1) {
    change();
    await clock.advance(100);
  }
  assert.deepEqual(writes, [
    { at: 1_000, value: 10 },
    { at: 6_000, value: 60 },
    { at: 11_000, value: 110 },
  ]);
  await writer.stop();
});

test("a list that does not change is written every five minutes", async () => {
  const { clock, writer, writes } = scene();
  writer.start();
  await clock.advance(700_000);
  assert.deepEqual(
    writes.map(({ at }) => at),
    [1_000, 301_000, 601_000],
  );
  await writer.stop();
});

test("a change while a write is under way is written, too, and never two at once", async () => {
  const { change, clock, hang, writer, writes } = scene();
  const finish = hang();
  writer.start();
  await clock.advance(1_000);
  change();
  await clock.advance(20_000);
  assert.equal(writes.length, 1);
  finish();
  await clock.advance(1_000);
  assert.deepEqual(writes.at(-1), { at: 22_000, value: 1 });
  await writer.stop();
});

test("a write that fails is tried after 5, 10, 20 s and so on, and what changed meanwhile is in it", async () => {
  const { change, clock, disk, ended, writer, writes } = scene();
  disk.refuses = "ENOSPC";
  writer.start();
  await clock.advance(1_000);
  change();
  await clock.advance(20_000);
  disk.refuses = undefined;
  await clock.advance(15_000);
  assert.deepEqual(
    writes.map(({ at }) => at),
    [1_000, 6_000, 16_000, 36_000],
  );
  const full = "no space left on the device";
  assert.deepEqual(ended, [full, full, full, undefined]);
  change();
  await clock.advance(5_000);
  assert.deepEqual(writes.at(-1), { at: 41_000, value: 2 });
  await writer.stop();
});

test("a stop writes at once what is known by then, after the write that is under way", async () => {
  const { change, clock, hang, writer, writes } = scene();
  const finish = hang();
  writer.start();
  await clock.advance(1_000);
  change();
  const stopped = writer.stop();
  await settled();
  assert.equal(writes.length, 1);
  finish();
  await stopped;
  assert.deepEqual(writes.at(-1), { at: 1_000, value: 1 });
  assert.equal(clock.pending, 0);
  change();
  await clock.advance(60_000);
  assert.equal(writes.length, 2);
});

test("a stop before the start writes nothing", async () => {
  const { change, writer, writes } = scene();
  change();
  await writer.stop();
  assert.deepEqual(writes, []);
});
