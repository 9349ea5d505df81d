import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerEndpoint } from "../../src/core/server-endpoint.ts";
import type { ServerEvent } from "../../src/core/server-event.ts";
import { Snapshot } from "../../src/core/snapshot.ts";
import { SnapshotFeed } from "../../src/core/snapshot-feed.ts";
import { transition } from "../../src/core/transition.ts";
import { FakeLogger } from "../support/fake-ports.ts";

const first = Snapshot.empty(0);

function after(previous: Snapshot): Snapshot {
  const numNodes = previous.numNodes + 1;
  return transition(
    previous,
    { kind: "heartbeat-received", primaries: [], backups: [], numNodes, leaderAddr: "" },
    0,
  );
}

test("every listener hears of each change in order, also of one that a listener causes", () => {
  const feed = new SnapshotFeed(new FakeLogger());
  const second = after(first);
  const third = after(second);
  const heard: string[] = [];
  feed.subscribe((next) => {
    heard.push(`a${next.revision}`);
    if (next.revision === 1) {
      feed.publish(third, second);
    }
  });
  feed.subscribe((next, previous) => {
    heard.push(`b${previous.revision}→${next.revision}`);
  });
  feed.publish(second, first);
  assert.deepEqual(heard, ["a1", "b0→1", "a2", "b1→2"]);
});

test("a listener that throws is logged, and the others hear of the change", () => {
  const logger = new FakeLogger();
  const feed = new SnapshotFeed(logger);
  const heard: number[] = [];
  feed.subscribe(() => {
    throw new Error("broken view");
  });
  feed.subscribe((next) => {
    heard.push(next.revision);
  });
  feed.publish(after(first), first);
  feed.publish(after(after(first)), after(first));
  assert.deepEqual(heard, [1, 2]);
  assert.deepEqual(
    logger.lines.map((line) => line.level),
    ["error", "error"],
  );
});

test("who unsubscribes hears nothing more, not even of the change being told", () => {
  const feed = new SnapshotFeed(new FakeLogger());
  const heard: number[] = [];
  feed.subscribe(() => {
    unsubscribe();
  });
  const unsubscribe = feed.subscribe((next) => {
    heard.push(next.revision);
  });
  feed.publish(after(first), first);
  unsubscribe();
  assert.deepEqual(heard, []);
});

test("a listener that subscribed twice is told twice, and each subscription ends alone", () => {
  const feed = new SnapshotFeed(new FakeLogger());
  const heard: number[] = [];
  const listener = (next: Snapshot) => {
    heard.push(next.revision);
  };
  const endFirst = feed.subscribe(listener);
  const endSecond = feed.subscribe(listener);
  feed.publish(after(first), first);
  assert.deepEqual(heard, [1, 1]);
  endFirst();
  endFirst();
  feed.publish(after(first), first);
  assert.deepEqual(heard, [1, 1, 1]);
  endSecond();
  feed.publish(after(first), first);
  assert.deepEqual(heard, [1, 1, 1]);
});

test("the history counts all servers of a change, and keeps the keys of the first 32 of each kind", () => {
  const feed = new SnapshotFeed(new FakeLogger());
  const endpoints = Array.from({ length: 1_000 }, (_, n) =>
    ServerEndpoint.fromLiteral(`10.0.${n >> 8}.${n & 255}`),
  );
  const publish = (previous: Snapshot, event: ServerEvent): Snapshot => {
    const next = transition(previous, event, 0);
    feed.publish(next, previous);
    return next;
  };
  const backups = { kind: "backups-reported", source: "consul", tier: "backup" } as const;
  const few = publish(first, { ...backups, endpoints: endpoints.slice(0, 32) });
  const all = publish(few, { ...backups, endpoints });
  const turned = publish(all, { kind: "rebalanced", order: all.order.reverse().toArray() });
  publish(turned, { ...backups, endpoints: endpoints.slice(0, 1) });
  const [small, came, moved, left] = feed.history();
  assert.equal(small?.difference.added.length, 32);
  assert.deepEqual(came?.counts, { added: 968, removed: 0, moved: 0 });
  assert.deepEqual(came.difference.added, all.difference.added.slice(0, 32));
  assert.deepEqual(moved?.counts, { added: 0, removed: 0, moved: 1_000 });
  assert.deepEqual(moved.difference.moved, turned.difference.moved.slice(0, 32));
  assert.equal(left?.counts.removed, 999);
  assert.equal(left.difference.removed.length, 32);
  assert.ok([moved, moved.difference, moved.difference.moved, moved.counts].every(Object.isFrozen));
});

test("the history keeps the last 256 changes, and hands out a copy", () => {
  const feed = new SnapshotFeed(new FakeLogger());
  let previous = first;
  for (let change = 0; change < 1_000; change++) {
    const next = after(previous);
    feed.publish(next, previous);
    previous = next;
  }
  const history = feed.history();
  assert.equal(history.length, 256);
  assert.equal(history[0]?.revision, 745);
  assert.equal(history.at(-1)?.revision, 1_000);
  (history as unknown[]).length = 0;
  assert.equal(feed.history().length, 256);
});
