import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { helpFor } from "../../../src/page/model/empty-pool.ts";
import { FIRST_STATE, type PageState } from "../../../src/page/model/page-state.ts";
import { titleOf, verdictOf } from "../../../src/page/model/verdict.ts";
import { source } from "../../support/source-reply.ts";
import { explanation, FINE, NOW_AT, pool, summary } from "../replies.ts";

const NOW = Date.parse(NOW_AT);

function knowing(more: Partial<PageState>): PageState {
  return { ...FIRST_STATE, connection: { kind: "live" }, status: FINE, knownAt: NOW, ...more };
}

function withPool(state: "live" | "stale" | "outage", shown: Parameters<typeof pool>[1] = {}): PageState {
  return knowing({
    pools: [summary("nomad", { state })],
    detail: {
      pool: pool("nomad", { state, ...shown }),
      explanation: explanation("nomad"),
      servers: new Map(),
    },
  });
}

suite("the verdict", () => {
  const because = "10.0.0.1:4647 is the head since 12:00:04 because it was first.";
  const cases: readonly (readonly [string, PageState, string, string])[] = [
    ["before the first answer", FIRST_STATE, "connecting", "Asking the agent …"],
    ["of one pool is the agent's own", withPool("live"), "ok", because],
    [
      "of an outage",
      withPool("outage"),
      "ok",
      `No listed server of nomad answers; the order stays. ${because}`,
    ],
    [
      "of a list that is only remembered",
      withPool("stale", {
        sources: { state_file: { saved_at: "2026-01-31T09:04:08.000Z", expires_at: NOW_AT, servers: 3 } },
      }),
      "ok",
      `The list of nomad is only remembered, as of 2026-01-31 09:04 UTC. ${because}`,
    ],
    ["without pools", knowing({ pools: [] }), "no pools", "The agent has no pools: nothing is answered."],
    [
      "before the pool was read",
      knowing({ pools: [summary("nomad")] }),
      "ok",
      "10.0.0.1:4647 is the head of nomad.",
    ],
    [
      "of a pool without servers",
      knowing({ pools: [summary("web", { state: "empty", ready: false, head_address: null })] }),
      "ok",
      "web has no server: no source names one.",
    ],
    ["of several pools", knowing({ pools: [summary("a"), summary("b")] }), "ok", "All 2 pools have a head."],
    [
      "of several pools, some of which do not well",
      knowing({
        status: { state: "failing", problems: [] },
        pools: [
          ...["a", "b", "c", "d", "e", "f", "g"].map((name) =>
            summary(name, { ready: false, head_address: null, state: "empty" }),
          ),
          summary("h", { state: "outage" }),
          summary("i", { state: "stale" }),
        ],
      }),
      "failing",
      "7 of 9 pools have no head: a, b, c, d, e and 2 more. No listed server answers in h. Only remembered: i.",
    ],
    [
      "of an agent that is gone",
      knowing({ connection: { kind: "gone", since: NOW + 60_000 } }),
      "no answer",
      "No answer from the agent since 12:05:08 UTC. What is shown was known at 12:04:08 UTC.",
    ],
    [
      "of an agent that never answered",
      knowing({ connection: { kind: "gone", since: NOW }, knownAt: undefined }),
      "no answer",
      "No answer from the agent since 12:04:08 UTC. Trying again.",
    ],
    [
      "of an agent that refuses",
      knowing({ connection: { kind: "refused", error: "the agent ends" } }),
      "refused",
      "the agent ends",
    ],
  ];
  for (const [name, state, word, text] of cases) {
    test(name, () => {
      const verdict = verdictOf(state);
      assert.deepEqual([verdict.word, verdict.text], [word, text]);
    });
  }

  test("is short in the title, with a sign for how it is", () => {
    assert.equal(titleOf(withPool("live")), "● 10.0.0.1:4647 · nomad · headwaiter");
    assert.equal(titleOf(FIRST_STATE), "○ headwaiter");
    const gone = { ...withPool("live"), connection: { kind: "gone", since: NOW } } as const;
    assert.equal(titleOf(gone), "■ 10.0.0.1:4647 · nomad · headwaiter");
  });
});

suite("a pool without servers", () => {
  test("says of each source what it does", () => {
    const sources = {
      heartbeat: source({ state: "waiting" }),
      consul: source({
        state: "failing",
        since_at: "2026-01-31T12:03:56.000Z",
        next_at: "2026-01-31T12:04:09.000Z",
        error: { code: "unreachable", text: "connection refused" },
      }),
      push: source({ servers: 0 }),
      state_file: null,
    };
    assert.deepEqual(helpFor({ name: "web", sources }, NOW).waits, [
      "heartbeat: has not reported yet.",
      "Consul: fails, 12 s (unreachable, retry in 1 s).",
      "pushed heartbeat answers and lists no server.",
    ]);
    assert.deepEqual(helpFor({ name: "web", sources: { state_file: null } }, NOW).waits, [
      "No source is configured for this pool.",
    ]);
  });

  test("says what to write, as YAML takes it", () => {
    const line = (name: string) => helpFor({ name, sources: { state_file: null } }, NOW).lines[0]?.line;
    assert.equal(line("web"), 'pools: { web: { servers: ["10.0.0.1:4647"] } }');
    assert.equal(line("a b"), 'pools: { "a b": { servers: ["10.0.0.1:4647"] } }');
  });
});
