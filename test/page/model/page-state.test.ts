import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  byNeed,
  FIRST_STATE,
  nextState,
  type PageNews,
  type PageState,
  selectedPool,
} from "../../../src/page/model/page-state.ts";
import { placeIn } from "../../../src/page/model/place.ts";
import { explanation, FINE, pool, SELF, server, summary } from "../replies.ts";

const AT = Date.parse(SELF.now_at);

function read(more: Partial<Extract<PageNews, { kind: "read" }>> = {}): PageNews {
  const detail = { pool: pool("nomad"), explanation: explanation("nomad") };
  return { kind: "read", at: AT, self: SELF, status: FINE, pools: [summary("nomad")], detail, ...more };
}

const after = (...news: readonly PageNews[]): PageState => news.reduce(nextState, FIRST_STATE);

suite("what the page knows", () => {
  test("is what was read last, and is live then", () => {
    const { connection, detail, knownAt, pools, self } = after(read());
    assert.deepEqual([connection, knownAt, self], [{ kind: "live" }, AT, SELF]);
    assert.deepEqual([detail?.pool.name, pools?.length], ["nomad", 1]);
  });

  test("stays when the agent is gone, with the time since when; until it answers again", () => {
    const gone = after(read(), { kind: "lost", at: AT + 5_000 }, { kind: "lost", at: AT + 9_000 });
    assert.deepEqual(gone.connection, { kind: "gone", since: AT + 5_000 });
    assert.equal(gone.detail?.pool.name, "nomad");
    assert.equal(gone.knownAt, AT);
    assert.equal(nextState(gone, read()).connection.kind, "live");
  });

  test("that is refused is a line of the agent's", () => {
    const { connection } = after({ kind: "refused", error: "the agent ends" });
    assert.deepEqual(connection, { kind: "refused", error: "the agent ends" });
  });

  test("of an event is told to nobody when it tells nothing new", () => {
    const event = { index: 5, at: "", pool: null, kind: "x", severity: "info", summary: "" } as const;
    const once = after({ kind: "happened", batch: { after: 0, items: [event] } });
    assert.equal(nextState(once, { kind: "happened", batch: { after: 0, items: [event] } }), once);
  });

  test("of a pool is dropped with the choice of another", () => {
    const chosen = after(read(), { kind: "selected", pool: "web" });
    assert.deepEqual([chosen.wanted, chosen.detail], ["web", undefined]);
    assert.equal(nextState(chosen, { kind: "selected", pool: "web" }), chosen);
  });
});

suite("a long list", () => {
  const part = (revision: number, ...positions: readonly number[]) =>
    read({
      detail: {
        pool: pool("nomad", { revision, servers: positions.map(server), servers_total: 10_000 }),
        explanation: explanation("nomad"),
      },
    });
  const positions = ({ detail }: PageState) => [...(detail?.servers.keys() ?? [])];

  test("is put together of the parts that were read", () => {
    assert.deepEqual(positions(after(part(7, 1, 2), part(7, 257))), [1, 2, 257]);
  });

  test("is another one with each revision", () => {
    assert.deepEqual(positions(after(part(7, 1, 2), part(8, 257))), [257]);
  });
});

suite("the selected pool", () => {
  const pools = [
    summary("live"),
    summary("asked", { on_demand: true, state: "empty" }),
    summary("stale", { state: "stale" }),
    summary("outage", { state: "outage" }),
    summary("empty", { state: "empty" }),
  ];

  test("is the one that is asked for, else the one that needs somebody most", () => {
    assert.equal(selectedPool({ pools, wanted: "live" }), "live");
    assert.equal(selectedPool({ pools, wanted: "gone" }), "empty");
    assert.equal(selectedPool({ pools, wanted: undefined }), "empty");
    assert.equal(selectedPool({ pools: undefined, wanted: "live" }), undefined);
    assert.equal(selectedPool({ pools: [], wanted: "live" }), undefined);
  });

  test("stands first, and what a question started last", () => {
    const names = byNeed(pools).map(({ name }) => name);
    assert.deepEqual(names, ["empty", "outage", "stale", "live", "asked"]);
  });
});

test("the address names a pool or an event, and an event leaves the pool", () => {
  const nowhere = { pool: undefined, event: undefined };
  const web = { pool: "web", event: undefined };
  assert.deepEqual(placeIn("#pool-a%2Fb%20c", nowhere), { pool: "a/b c", event: undefined });
  assert.deepEqual(placeIn("#pool-100%", nowhere), { pool: "100%", event: undefined });
  assert.deepEqual(placeIn("#event-1763985600119", web), { pool: "web", event: 1_763_985_600_119 });
  assert.deepEqual(placeIn("#event-<img>", web), web);
  assert.deepEqual(placeIn("", { pool: "web", event: 3 }), web);
  assert.deepEqual(placeIn("#main", { pool: "web", event: 3 }), { pool: "web", event: 3 });
});
