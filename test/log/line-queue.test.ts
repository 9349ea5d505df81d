import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { LineQueue, type LostLines } from "../../src/log/line-queue.ts";
import { FakeClock } from "../support/fake-ports.ts";

/** A descriptor that takes as many bytes as it is told to, and fails as it is told to. */
class Reader {
  text = "";
  attempts = 0;
  room = Number.POSITIVE_INFINITY;
  failure: string | undefined;
  /** Writes that nobody answers. */
  hangs = false;

  readonly write = (
    bytes: Buffer,
    offset: number,
    done: (error: NodeJS.ErrnoException | null, written: number) => void,
  ): void => {
    this.attempts++;
    const written = Math.min(bytes.length - offset, this.room);
    const code = this.failure ?? (written === 0 ? "EAGAIN" : undefined);
    if (this.hangs) {
      return;
    }
    setImmediate(() => {
      if (code !== undefined) {
        done(Object.assign(new Error(code), { code }), 0);
        return;
      }
      this.text += bytes.toString("utf8", offset, offset + written);
      this.room -= written;
      done(null, written);
    });
  };
}

function queueTo(reader: Reader) {
  const clock = new FakeClock();
  const lost: LostLines[] = [];
  const queue: LineQueue = new LineQueue({
    write: reader.write,
    clock,
    tellLost: (told) => {
      lost.push(told);
      queue.write(`lost ${told.lines}\n`);
    },
  });
  return { queue, clock, lost };
}

suite("a queue of lines", () => {
  test("keeps the order, and writes what came meanwhile at once", async () => {
    const reader = new Reader();
    const { queue, clock } = queueTo(reader);
    const lines = Array.from({ length: 100 }, (_, n) => `line ${n}\n`);
    lines.forEach((line) => {
      queue.write(line);
    });
    await clock.advance(0);
    await clock.advance(0);
    assert.equal(reader.text, lines.join(""));
    assert.equal(reader.attempts, 2);
    assert.equal(queue.unwritten, 0);
  });

  test("goes on in the middle of a line where the reader had room for half of it", async () => {
    const reader = new Reader();
    const { queue, clock } = queueTo(reader);
    reader.room = 4;
    queue.write("ä line\n");
    await clock.advance(50);
    assert.equal(queue.unwritten, 1);
    reader.room = 100;
    await clock.advance(100);
    assert.equal(reader.text, "ä line\n");
  });

  test("gives the next reader of a pipe whole lines", async () => {
    const reader = new Reader();
    const { queue, clock } = queueTo(reader);
    reader.room = 0;
    queue.write("zero\n");
    await clock.advance(10);
    queue.write("one\n");
    queue.write("two\n");
    reader.room = 5 + 6;
    await clock.advance(150);
    assert.equal(reader.text, "zero\none\ntw");
    reader.failure = "EPIPE";
    await clock.advance(150);
    reader.text = "";
    reader.failure = undefined;
    reader.room = 100;
    await clock.advance(1000);
    assert.equal(reader.text, "two\n");
  });

  for (const [code, reason] of [
    ["EAGAIN", "nobody reads it"],
    ["EPIPE", "its reader is gone"],
    ["ENOSPC", "no space left on the device"],
    ["EIO", "EIO"],
  ] as const) {
    test(`${code}: holds a bounded number of lines, tries again now and then, tells what was lost in its place`, async () => {
      const reader = new Reader();
      const { queue, clock, lost } = queueTo(reader);
      reader.failure = code;
      const line = `${"x".repeat(1023)}\n`;
      queue.write(line);
      await clock.advance(10);
      for (let n = 1; n < 5000; n++) {
        queue.write(line);
      }
      await clock.advance(60_000);
      assert.equal(queue.unwritten, 5000);
      assert.ok(reader.attempts <= 602, `${reader.attempts} attempts in a minute`);
      reader.failure = undefined;
      await clock.advance(1000);
      for (let turn = 0; turn < 100; turn++) {
        await clock.advance(0);
      }
      queue.write("later\n");
      await clock.advance(0);
      assert.deepEqual(lost, [{ lines: 5000 - 1024, since: 10, reason }]);
      assert.equal(queue.unwritten, 0);
      assert.equal(reader.text, `${line.repeat(1024)}lost 3976\nlater\n`);
    });
  }

  test("whose writes never come back holds no more either", () => {
    const reader = new Reader();
    reader.hangs = true;
    const { queue } = queueTo(reader);
    for (let n = 0; n < 100_000; n++) {
      queue.write(`${"x".repeat(1023)}\n`);
    }
    assert.equal(queue.unwritten, 100_000);
    assert.equal(reader.attempts, 1);
  });
});
