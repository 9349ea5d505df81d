import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Allowance, RateLimit } from "../../../src/views/dns/thread/rate-limit.ts";
import { prefixHash } from "../../../src/views/dns/thread/udp-source.ts";

/** How many of each, of `count` at this time. */
function taken(limit: RateLimit, address: string, now: number, count: number): Record<Allowance, number> {
  const counts = { answer: 0, slip: 0, drop: 0 };
  for (let i = 0; i < count; i++) {
    counts[limit.take(prefixHash(address), now)] += 1;
  }
  return counts;
}

describe("the rate limit", () => {
  test("a network gets its answers; of the rest one half is told to come by TCP, and one half nothing", () => {
    const limit = new RateLimit(100);
    assert.deepEqual(taken(limit, "192.0.2.1", 5000, 300), { answer: 100, slip: 100, drop: 100 });
    assert.deepEqual(taken(limit, "192.0.2.99", 5000, 2), { answer: 0, slip: 1, drop: 1 });
    assert.deepEqual(taken(limit, "192.0.3.1", 5000, 1), { answer: 1, slip: 0, drop: 0 });
  });

  test("it fills again with time, and never beyond a second's worth", () => {
    const limit = new RateLimit(100);
    taken(limit, "2001:db8::1", 0, 300);
    assert.equal(taken(limit, "2001:db8::2", 50, 300).answer, 5);
    assert.equal(taken(limit, "2001:db8::1", 86_400_000, 300).answer, 100);
  });

  test("a steady flood gets the rate, no more", () => {
    const limit = new RateLimit(100);
    let answers = 0;
    for (let ms = 0; ms < 10_000; ms++) {
      answers += taken(limit, "192.0.2.1", ms, 10).answer;
    }
    assert.ok(answers >= 1098 && answers <= 1101, `${answers}`);
  });

  test("half an answer a second is one every two seconds", () => {
    const limit = new RateLimit(0.5);
    const answers = [0, 1000, 1999, 2001, 4000, 4001.5].map(
      (now) => limit.take(prefixHash("192.0.2.1"), now) === "answer",
    );
    assert.deepEqual(answers, [true, false, false, true, false, true]);
  });

  test("a flood of sources takes no memory, and leaves a client its answers", () => {
    const limit = new RateLimit(100);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 1_000_000; i++) {
      limit.take(prefixHash(`10.${i & 0xff}.${(i >> 8) & 0xff}.${i >> 16}`), i / 100);
    }
    assert.ok(process.memoryUsage().arrayBuffers <= before);
    assert.equal(limit.take(prefixHash("192.0.2.1"), 10_000), "answer");
  });
});
