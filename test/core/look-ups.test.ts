import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { LookUps } from "../../src/core/look-ups.ts";
import type { Resolution, Resolver } from "../../src/core/ports.ts";
import { settled } from "../support/fake-ports.ts";

const FOUND: Resolution = { addresses: ["10.0.0.1"], ttlSeconds: 60 };

/** A resolver that answers when the test says so. */
class SilentResolver implements Resolver {
  readonly underWay = new Map<string, () => void>();
  most = 0;

  resolve(host: string, signal?: AbortSignal): Promise<Resolution> {
    const { promise, resolve, reject } = Promise.withResolvers<Resolution>();
    this.underWay.set(host, () => {
      this.underWay.delete(host);
      resolve(FOUND);
    });
    signal?.addEventListener("abort", () => {
      this.underWay.delete(host);
      reject(signal.reason as Error);
    });
    this.most = Math.max(this.most, this.underWay.size);
    return promise;
  }

  get hosts(): readonly string[] {
    return [...this.underWay.keys()];
  }

  async answer(host: string): Promise<void> {
    this.underWay.get(host)?.();
    await settled();
  }
}

function namesOf(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

suite("look-ups", () => {
  test("are 64 at most, however many are asked for, and all are made", async () => {
    const resolver = new SilentResolver();
    const lookUps = new LookUps(resolver);
    const lanes = [lookUps.lane(), lookUps.lane(), lookUps.lane(), lookUps];
    const all = lanes.flatMap((lane, index) => namesOf(`n${index}-`, 500).map((host) => lane.resolve(host)));
    while (resolver.hosts[0] !== undefined) {
      await resolver.answer(resolver.hosts[0]);
    }
    assert.equal((await Promise.all(all)).length, 2_000);
    assert.ok(resolver.most > 32 && resolver.most <= 64, String(resolver.most));
  });

  test("of one lane leave places for others: a new name begins at once", async () => {
    const resolver = new SilentResolver();
    const lookUps = new LookUps(resolver);
    const flood = lookUps.lane();
    for (const host of namesOf("flood", 10_000)) {
      void flood.resolve(host);
    }
    assert.equal(resolver.hosts.length, 32);
    const found = lookUps.lane().resolve("important");
    assert.ok(resolver.underWay.has("important"));
    await resolver.answer("important");
    assert.equal(await found, FOUND);
  });

  test("take turns among lanes, each in its order", async () => {
    const resolver = new SilentResolver();
    const lookUps = new LookUps(resolver, 1);
    const [first, second] = [lookUps.lane(), lookUps.lane()];
    for (const host of namesOf("a", 3)) {
      void first.resolve(host);
    }
    for (const host of namesOf("b", 2)) {
      void second.resolve(host);
    }
    const order: string[] = [];
    while (resolver.hosts[0] !== undefined) {
      order.push(resolver.hosts[0]);
      await resolver.answer(resolver.hosts[0]);
    }
    assert.deepEqual(order, ["a0", "a1", "b0", "a2", "b1"]);
  });

  test("that are aborted wait no longer, and give their place back even when the resolver does not mind", async () => {
    const asked: string[] = [];
    const deaf: Resolver = {
      resolve: (host) => {
        asked.push(host);
        return new Promise(() => undefined);
      },
    };
    const lookUps = new LookUps(deaf, 1);
    const [underWay, waiting] = [new AbortController(), new AbortController()];
    void lookUps.resolve("under-way", underWay.signal);
    const second = lookUps.resolve("waiting", waiting.signal);
    void lookUps.resolve("third");
    waiting.abort(new Error("not wanted"));
    await assert.rejects(second, /not wanted/);
    assert.deepEqual(asked, ["under-way"]);
    underWay.abort();
    assert.deepEqual(asked, ["under-way", "third"]);
    await assert.rejects(lookUps.resolve("late", AbortSignal.abort(new Error("too late"))), /too late/);
    assert.equal(asked.length, 2);
  });

  test("that fail, or throw, give their place back", async () => {
    let asked = 0;
    const lookUps = new LookUps(
      {
        resolve: () => {
          asked += 1;
          throw new Error("broken");
        },
      },
      1,
    );
    const all = await Promise.allSettled(namesOf("n", 5).map((host) => lookUps.resolve(host)));
    assert.deepEqual(
      all.map(({ status }) => status),
      Array.from({ length: 5 }, () => "rejected"),
    );
    assert.equal(asked, 5);
  });

  test("over one resolver with a limit share it", async () => {
    const resolver = new SilentResolver();
    const shared = new LookUps(resolver);
    for (let pool = 0; pool < 10; pool++) {
      const lane = LookUps.over(shared).lane();
      for (const host of namesOf(`pool${pool}-`, 100)) {
        void lane.resolve(host);
      }
    }
    await settled();
    assert.ok(resolver.most <= 64, String(resolver.most));
  });
});
