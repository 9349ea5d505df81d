/** Readers of a real agent: woken by news alone; one that comes back again and again misses nothing untold. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { suite, test } from "node:test";
import { seededRandom } from "../../scripts/lab/seeded-random.ts";
import { until } from "../../scripts/lab/until.ts";
import { Journal } from "../../src/core/journal.ts";
import { Timeline } from "../../src/core/timeline/timeline.ts";
import { systemClock } from "../../src/system-ports.ts";
import { HttpServer } from "../../src/views/http/http-server.ts";
import { startedAgent } from "../support/agent-in-process.ts";
import { FakeLogger } from "../support/fake-ports.ts";
import { ask, open } from "../support/http-client.ts";
import { httpOptions } from "../support/http-fixtures.ts";

const RECONNECTS = 100;
const EVENTS = 10_000;

interface Item {
  readonly index?: number;
  readonly kind: string;
  readonly after?: number;
  readonly oldest?: number;
  readonly lost?: number | null;
}

suite("readers", () => {
  test("a heartbeat that changes nothing wakes nobody", async (t) => {
    const { http } = await startedAgent(t, {
      pools: { web: { heartbeat: "push", ping: "none", backups: null } },
    });
    const push = async (address: string) => {
      const body = JSON.stringify({ servers: [{ address }], leader: address, ttl_seconds: 60 });
      assert.equal((await ask(http, "/v1/pools/web/heartbeat", { method: "PUT", body })).status, 200);
    };
    await push("10.0.0.1:1");
    const { headers } = await ask(http, "/v1/pools/web");
    let isAnswered = false;
    const waiting = ask(http, `/v1/pools/web?index=${String(headers["x-headwaiter-index"])}&wait=1m`).then(
      () => {
        isAnswered = true;
      },
    );
    for (let i = 0; i < 50; i += 1) {
      await push("10.0.0.1:1");
    }
    assert.equal(isAnswered, false);
    await push("10.0.0.2:1");
    await waiting;
  });

  for (const [name, accept] of [
    ["server-sent events", "text/event-stream"],
    ["lines of JSON", "application/x-ndjson"],
  ] as const) {
    test(`${name}: ${RECONNECTS} lost connections during ${EVENTS} events, each seen once, or a gap that tells`, async (t) => {
      const logger = new FakeLogger();
      const timeline = new Timeline(1_000, logger);
      const journal = new Journal(systemClock, logger);
      timeline.follow(journal);
      const server = new HttpServer(httpOptions({ clock: systemClock, timeline }));
      await server.start();
      t.after(() => server.stop());
      const address = `127.0.0.1:${server.address()?.port ?? 0}`;
      const random = seededRandom(11);
      const happen = (count: number) => {
        for (let i = 0; i < count && timeline.index < 1_000 + EVENTS; i += 1) {
          journal.note({ kind: "dns-serving" });
        }
      };
      const seen: number[] = [];
      let lost = 0;
      let cursor = 1_000;
      const take = (text: string) => {
        const item = JSON.parse(text) as Item;
        if (item.kind === "gap") {
          assert.equal(item.after, cursor);
          assert.equal(item.lost, (item.oldest ?? 0) - cursor - 1);
          lost += item.lost ?? 0;
        } else if (item.index !== undefined) {
          seen.push(item.index);
          cursor = item.index;
        }
      };
      for (let connection = 0; connection <= RECONNECTS; connection += 1) {
        // Now and then more happens while nobody reads than is kept.
        happen(random() < 0.04 ? 1_500 : Math.floor(random() * 60));
        const isSse = accept === "text/event-stream";
        const response = await open(address, `/v1/events?after=${isSse ? 7 : cursor}`, {
          headers: { accept, ...(isSse ? { "last-event-id": String(cursor) } : {}) },
        });
        let unread = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          unread += chunk;
          const lines = unread.split("\n");
          unread = lines.pop() ?? "";
          const items = isSse
            ? lines.filter((line) => line.startsWith("data: ")).map((line) => line.slice(6))
            : lines.filter((line) => line !== "{}" && line !== "");
          for (const text of items) {
            take(text);
          }
        });
        happen(Math.floor(random() * 40));
        if (connection === RECONNECTS) {
          happen(EVENTS);
          await until(() => cursor === 1_000 + EVENTS);
        } else {
          const enough = cursor + Math.floor(random() * (timeline.index - cursor));
          await until(() => cursor >= enough);
        }
        response.on("error", () => undefined).destroy();
        await once(response, "close");
      }
      assert.equal(new Set(seen).size, seen.length, "nothing twice");
      assert.deepEqual(
        seen,
        seen.toSorted((one, other) => one - other),
      );
      assert.equal(seen.length + lost, EVENTS);
      assert.ok(lost > 0);
    });
  }
});
