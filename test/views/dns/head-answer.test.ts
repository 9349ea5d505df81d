import assert from "node:assert/strict";
import { test } from "node:test";
import { headAnswer } from "../../../src/views/dns/zone/head-answer.ts";
import { manyServers, pool } from "./pools.ts";

const ZONE = {
  domain: "headwaiter.internal",
  ttlSeconds: 7,
  negativeTtlSeconds: 1,
  nameServerAddresses: [],
};
const QUESTION = "_web._tcp.headwaiter.internal SRV";

test("what is answered to the question for the head: the answer, or why there is none", () => {
  const saidOf = (view: Parameters<typeof headAnswer>[2]) => headAnswer(ZONE, "Web", view);
  const none = { question: QUESTION, answer: null, ttl_s: null };
  const head = {
    question: QUESTION,
    answer: "10-0-0-1.addr.headwaiter.internal:80",
    rcode: "NOERROR",
    ttl_s: 7,
  };
  assert.deepEqual(saidOf(pool("live", ["10.0.0.1:80", "10.0.0.2:80"])), { ...head, extended_error: null });
  assert.deepEqual(saidOf(pool("stale", ["10.0.0.1:80"])), {
    ...head,
    extended_error: { code: 3, text: "Stale Answer" },
  });
  for (const state of ["starting", "empty"] as const) {
    assert.deepEqual(saidOf(pool(state, [])), {
      ...none,
      rcode: "SERVFAIL",
      extended_error: { code: 14, text: "Not Ready" },
    });
  }
  assert.deepEqual(saidOf(undefined), { ...none, rcode: "NXDOMAIN", extended_error: null });
});

test("of a long list it costs as of a short one", () => {
  const costOf = (servers: readonly string[]) => {
    const view = pool("live", servers);
    const startedAt = performance.now();
    for (let round = 0; round < 200; round += 1) {
      headAnswer(ZONE, "web", view);
    }
    return performance.now() - startedAt;
  };
  costOf(manyServers(10));
  const [short, long] = [costOf(manyServers(10)), costOf(manyServers(10_000))];
  assert.ok(long < 20 * short + 20, `${long} ms for 10,000 servers, ${short} ms for 10`);
});
