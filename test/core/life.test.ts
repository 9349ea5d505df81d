import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { atAbort, Life } from "../../src/core/life.ts";
import { type Runnable, Running } from "../../src/core/running.ts";
import { settled } from "../support/fake-ports.ts";

suite("a life", () => {
  test("is over before the first, at the abort, and begins with the call", async () => {
    const life = new Life();
    const abort = new AbortController();
    assert.ok(life.isOver());
    const ended = life.run(abort.signal, () => atAbort(abort.signal, () => undefined));
    assert.ok(!life.isOver());
    assert.equal(life.signal, abort.signal);
    abort.abort();
    assert.ok(life.isOver());
    await ended;
  });

  test("does not begin under an aborted signal", async () => {
    const life = new Life();
    await life.run(AbortSignal.abort(), () => assert.fail("began"));
    assert.ok(life.isOver());
  });

  test("is joined by a second call, whose own signal ends nothing; after the abort there is another life", async () => {
    const life = new Life();
    const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()];
    const begun: string[] = [];
    const live = (name: string, signal: AbortSignal) => () => {
      begun.push(name);
      return atAbort(signal, () => undefined);
    };
    const ended = life.run(first.signal, live("first", first.signal));
    assert.equal(life.run(second.signal, live("second", second.signal)), ended);
    second.abort();
    assert.ok(!life.isOver());
    first.abort();
    void life.run(third.signal, live("third", third.signal));
    assert.deepEqual(begun, ["first", "third"]);
    assert.ok(!life.isOver());
    third.abort();
    await ended;
  });

  test("ends in the turn of the abort, at once when that was before; what the end takes is waited for", async () => {
    const abort = new AbortController();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const seen: string[] = [];
    const ended = atAbort(abort.signal, () => {
      seen.push("ended");
      return promise;
    }).then(() => seen.push("complete"));
    abort.abort();
    assert.deepEqual(seen, ["ended"]);
    await settled();
    assert.deepEqual(seen, ["ended"]);
    resolve(undefined);
    await ended;
    assert.deepEqual(seen, ["ended", "complete"]);
    void atAbort(abort.signal, () => {
      seen.push("at once");
    });
    assert.equal(seen.at(-1), "at once");
  });
});

suite("what runs", () => {
  /** Tells of its beginning and its end; `letsGo` settles when it has let go of everything. */
  function told(name: string, seen: string[], letsGo: Promise<unknown> = Promise.resolve()): Runnable {
    return {
      run: (signal) => {
        seen.push(`+${name}`);
        return atAbort(signal, () => {
          seen.push(`-${name}`);
          return letsGo;
        });
      },
    };
  }

  test("ends before others begin, the last first, and goes on while it is wanted: all in one turn", () => {
    const seen: string[] = [];
    const running = new Running();
    const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => told(name, seen)) as [
      Runnable,
      Runnable,
      Runnable,
      Runnable,
    ];
    running.follow([a, b, c]);
    running.follow([d, b]);
    assert.deepEqual(seen, ["+a", "+b", "+c", "-c", "-a", "+d"]);
    void running.end();
    assert.deepEqual(seen.slice(6), ["-d", "-b"]);
    running.follow([a]);
    assert.deepEqual(seen.slice(8), ["+a"]);
  });

  test("the end waits for those that were ended before, too", async () => {
    const slow = Promise.withResolvers<undefined>();
    const running = new Running();
    running.follow([told("slow", [], slow.promise)]);
    running.follow([]);
    let hasEnded = false;
    const ended = running.end().then(() => {
      hasEnded = true;
    });
    await settled();
    assert.ok(!hasEnded);
    slow.resolve(undefined);
    await ended;
  });
});
