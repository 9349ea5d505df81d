/** What the page asks of the agent, and how often: the agent answers at once, and the clock stands still. */
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { FIRST_STATE, nextState, type PageState } from "../../../src/page/model/page-state.ts";
import { PageReader } from "../../../src/page/reading/page-reader.ts";
import type { NewsListener } from "../../../src/page/reading/shared-news.ts";
import { FakeClock, settled } from "../../support/fake-ports.ts";
import { explanation, FINE, pool, SELF, summary } from "../replies.ts";

/** What the agent answers by path; an error is a refusal, or no answer. */
type Answers = Record<string, object | Error>;

function answers(): Answers {
  return {
    "/v1/agent/self": SELF,
    "/v1/agent/status": FINE,
    "/v1/pools": { pools: [summary("nomad"), summary("web")] },
    "/v1/pools/nomad": pool("nomad"),
    "/v1/pools/nomad/explain": explanation("nomad"),
    "/v1/pools/web": pool("web"),
    "/v1/pools/web/explain": explanation("web"),
    "/v1/events": [],
    "/v1/history": { from_at: SELF.now_at, step_ms: 5_000, dns: { queries: [] }, pools: {} },
  };
}

/** A page that is looked at from now on. */
async function looking(t: TestContext, given: Answers = answers()) {
  const clock = new FakeClock();
  const asked: string[] = [];
  t.mock.method(globalThis, "fetch", (url: string) => {
    asked.push(url);
    const answer = given[url.replace(/\?.*$/, "")] ?? new Error("refused");
    if (answer instanceof TypeError) {
      return Promise.reject(answer);
    }
    const body = answer instanceof Error ? { error: answer.message, code: answer.name } : answer;
    return Promise.resolve(Response.json(body, { status: answer instanceof Error ? 404 : 200 }));
  });
  const page: { state: PageState; listener?: NewsListener } = { state: FIRST_STATE };
  const reader = new PageReader({
    state: () => page.state,
    tell: (news) => {
      page.state = nextState(page.state, news);
    },
    clockSeen: () => undefined,
    agentNow: () => clock.now(),
    listen: (listener) => {
      page.listener = listener;
      return Promise.resolve();
    },
    clock,
    random: () => 0,
  });
  const ending = new AbortController();
  const ended = reader.run(ending.signal);
  t.after(async () => {
    ending.abort();
    await ended;
  });
  /** Lets time pass, and every answer come. */
  const pass = async (ms: number) => {
    await clock.advance(ms);
    for (let turn = 0; turn < 20; turn += 1) {
      await settled();
    }
  };
  await pass(0);
  const countOf = (path: string) => asked.filter((url) => url.replace(/\?.*$/, "") === path).length;
  return { asked, countOf, given, page, pass, reader };
}

function batch(index: number) {
  const event = { index, at: "", pool: "nomad", kind: "x", severity: "info", summary: "" } as const;
  return { after: index - 1, items: [event] };
}

suite("the page reads", () => {
  test("all that it shows of one pool, and the first rows of its list", async (t) => {
    const { asked, page } = await looking(t);
    assert.deepEqual(asked, [
      "/v1/events?after=0",
      "/v1/agent/self",
      "/v1/agent/status",
      "/v1/pools",
      "/v1/pools/nomad?limit=128&offset=0",
      "/v1/pools/nomad/explain",
    ]);
    assert.deepEqual([page.state.connection.kind, page.state.detail?.pool.name], ["live", "nomad"]);
  });

  test("again every five seconds, for ages and round trips", async (t) => {
    const { countOf, pass } = await looking(t);
    await pass(4_999);
    assert.equal(countOf("/v1/pools/nomad"), 1);
    await pass(1);
    assert.equal(countOf("/v1/pools/nomad"), 2);
  });

  test("at once when something happens, and once a second however much does", async (t) => {
    const { countOf, page, pass } = await looking(t);
    await pass(2_000);
    page.listener?.took(batch(1));
    await pass(0);
    assert.equal(countOf("/v1/pools/nomad"), 2, "the first is answered at once");
    for (let index = 2; index <= 601; index += 1) {
      page.listener?.took(batch(index));
      await pass(100);
    }
    const reads = countOf("/v1/pools/nomad") - 2;
    assert.ok(reads >= 55 && reads <= 61, `${reads} reads in 60 s of ten events a second`);
    assert.equal(page.state.log.last, 601);
    assert.equal(countOf("/v1/events"), 1, "no request for an event");
  });

  test("what it missed when a batch begins later than what it holds", async (t) => {
    const { asked, given, page, pass } = await looking(t);
    page.listener?.took(batch(1));
    given["/v1/events"] = [...batch(2).items, ...batch(3).items, ...batch(4).items];
    page.listener?.took(batch(4));
    await pass(0);
    assert.ok(asked.includes("/v1/events?after=1"));
    assert.equal(page.state.log.last, 4);
  });

  test("the rows that are wanted, when others are", async (t) => {
    const { asked, pass, reader } = await looking(t);
    await pass(2_000);
    reader.want({ offset: 9_984, limit: 128 });
    reader.want({ offset: 9_984, limit: 128 });
    await pass(0);
    assert.equal(asked.filter((url) => url === "/v1/pools/nomad?limit=128&offset=9984").length, 1);
  });

  test("the pool that is chosen, and goes on when that is removed meanwhile", async (t) => {
    const { given, page, pass, reader } = await looking(t);
    await pass(2_000);
    page.state = nextState(page.state, { kind: "selected", pool: "web" });
    reader.look();
    await pass(0);
    assert.equal(page.state.detail?.pool.name, "web");
    const gone = new Error("no pool");
    gone.name = "unknown-pool";
    given["/v1/pools/web"] = gone;
    await pass(5_000);
    assert.deepEqual([page.state.connection.kind, page.state.detail], ["live", undefined]);
  });

  test("the history of an agent that has one, and asks no other for it", async (t) => {
    const { countOf, given, page, pass } = await looking(t);
    assert.equal(countOf("/v1/history"), 0);
    given["/v1/agent/self"] = { ...SELF, features: ["history"] };
    await pass(5_000);
    assert.deepEqual([countOf("/v1/history"), page.state.history?.step_ms], [1, 5_000]);
  });
});

suite("an agent that is gone", () => {
  test("is asked again after 1, 2, 4 s, and shows itself when it is back", async (t) => {
    const { countOf, given, page, pass } = await looking(t);
    given["/v1/agent/self"] = new TypeError("fetch failed");
    await pass(5_000);
    assert.deepEqual(page.state.connection, { kind: "gone", since: 5_000 });
    assert.equal(page.state.detail?.pool.name, "nomad", "what was known stays");
    for (const pauseMs of [1_000, 2_000, 4_000, 4_000]) {
      const before = countOf("/v1/agent/self");
      await pass(pauseMs - 1);
      assert.equal(countOf("/v1/agent/self"), before);
      await pass(1);
      assert.equal(countOf("/v1/agent/self"), before + 1);
    }
    given["/v1/agent/self"] = SELF;
    await pass(4_000);
    assert.equal(page.state.connection.kind, "live");
  });

  test("is not one that refuses: its line is shown", async (t) => {
    const { given, page, pass } = await looking(t);
    given["/v1/agent/status"] = new Error("the agent ends");
    await pass(5_000);
    assert.deepEqual(page.state.connection, { kind: "refused", error: "the agent ends" });
  });
});
