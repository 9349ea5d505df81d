import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { seededRandom } from "../../../scripts/lab/seeded-random.ts";
import { ServerEndpoint } from "../../../src/core/server-endpoint.ts";
import { Snapshot } from "../../../src/core/snapshot.ts";
import { transition } from "../../../src/core/transition.ts";
import { ServerCounts } from "../../../src/views/metrics/server-counts.ts";

const keyOf = (port: number) => `10.0.0.1:${port}`;

/** A list of servers with these ports. */
function listOf(...ports: readonly number[]): Snapshot {
  return ports.reduce(
    (snapshot, port) =>
      transition(
        snapshot,
        { kind: "primary-added", endpoint: ServerEndpoint.fromLiteral(keyOf(port)), source: "static" },
        0,
      ),
    Snapshot.empty(0),
  );
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

suite("counts of servers", () => {
  test("a list has a row for each server from the start, and one for others, all 0", () => {
    const counts = new ServerCounts();
    counts.follow(listOf(1, 2), 0);
    assert.deepEqual(counts.rows(9_000), [
      { server: keyOf(1), failures: 0, downSeconds: 0 },
      { server: keyOf(2), failures: 0, downSeconds: 0 },
      { server: "other", failures: 0, downSeconds: 0 },
    ]);
  });

  test("time that a server is down counts while it lasts, and once", () => {
    const counts = new ServerCounts();
    counts.follow(listOf(1), 0);
    counts.failed(keyOf(1));
    counts.down(keyOf(1), 1_000);
    counts.down(keyOf(1), 2_000);
    assert.equal(counts.rows(4_000)[0]?.downSeconds, 3);
    counts.up(keyOf(1), 5_000);
    counts.up(keyOf(1), 6_000);
    assert.deepEqual(counts.rows(9_000)[0], { server: keyOf(1), failures: 1, downSeconds: 4 });
  });

  test("64 servers have rows of their own; the rest count together", () => {
    const counts = new ServerCounts();
    counts.follow(listOf(...range(1, 10_001)), 0);
    counts.failed(keyOf(64));
    counts.failed(keyOf(65));
    counts.failed(keyOf(9_999));
    counts.down(keyOf(65), 0);
    const rows = counts.rows(2_000);
    assert.equal(rows.length, 65);
    assert.deepEqual(rows.at(-2), { server: keyOf(64), failures: 1, downSeconds: 0 });
    assert.deepEqual(rows.at(-1), { server: "other", failures: 2, downSeconds: 2 });
  });

  test("a row stays with its server however the list is ordered, and is another one's when it left", () => {
    const counts = new ServerCounts();
    const list = listOf(...range(1, 70));
    counts.follow(list, 0);
    counts.failed(keyOf(1));
    counts.down(keyOf(1), 0);
    const names = () => counts.rows(0).map(({ server }) => server);
    const before = names();
    const order = list.order.toArray().toReversed();
    counts.follow(transition(list, { kind: "rebalanced", order }, 0), 0);
    assert.deepEqual(names(), before);
    counts.follow(listOf(...range(2, 70)), 1_000);
    assert.equal(names().includes(keyOf(1)), false);
    assert.equal(names().at(-2), keyOf(65));
    assert.equal(counts.downSince(keyOf(1)), undefined);
  });

  test("whatever happens, no row goes back while it is there", () => {
    const random = seededRandom(7);
    const counts = new ServerCounts();
    const any = (most: number) => 1 + Math.floor(random() * most);
    let last = new Map<string, { failures: number; downSeconds: number }>();
    let now = 0;
    for (let step = 0; step < 2_000; step++) {
      now += any(1_000);
      const key = keyOf(any(90));
      const acts = [
        () => {
          counts.failed(key);
        },
        () => {
          counts.down(key, now);
        },
        () => {
          counts.up(key, now);
        },
        () => {
          counts.follow(listOf(...range(any(10), 60 + any(30))), now);
        },
      ];
      acts[Math.floor(random() * acts.length)]?.();
      const rows = new Map(counts.rows(now).map(({ server, ...row }) => [server, row]));
      assert.ok(rows.size <= 65);
      for (const [server, row] of rows) {
        const before = last.get(server) ?? row;
        assert.ok(row.failures >= before.failures && row.downSeconds >= before.downSeconds - 1e-9, server);
      }
      last = rows;
    }
  });
});
