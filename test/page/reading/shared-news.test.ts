/** One stream for all tabs: who reads it, what the others hear, and who goes on when the reader leaves. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { EMPTY_LOG, type EventBatch, isNext, withBatch } from "../../../src/page/model/event-log.ts";
import type { NewsSource } from "../../../src/page/reading/news-sources.ts";
import {
  SharedNews,
  type TabChannel,
  type TabMessage,
  type TakeTurns,
} from "../../../src/page/reading/shared-news.ts";
import { FakeClock, settled } from "../../support/fake-ports.ts";

/** A browser: a lock, a channel, and an agent whose open streams can be counted. */
class FakeBrowser {
  readonly clock = new FakeClock();
  readonly open: { readonly after: number; deliver(batch: EventBatch): void; end(): void }[] = [];
  readonly #tabs = new Set<(message: TabMessage) => void>();
  readonly #queue: (() => void)[] = [];
  #isHeld = false;

  readonly follow: NewsSource = async (after, deliver, signal) => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const stream = {
      after,
      deliver,
      end: () => {
        resolve(undefined);
      },
    };
    this.open.push(stream);
    signal.addEventListener("abort", stream.end);
    await promise;
    this.open.splice(this.open.indexOf(stream), 1);
  };

  /** As the Web Locks do it: one holder, the others in their order, and none that has given up. */
  readonly takeTurns: TakeTurns = async (signal, whileItLasts) => {
    if (this.#isHeld) {
      const { promise, resolve, reject } = Promise.withResolvers<undefined>();
      const go = () => {
        resolve(undefined);
      };
      this.#queue.push(go);
      signal.addEventListener("abort", () => {
        this.#queue.splice(this.#queue.indexOf(go), 1);
        reject(signal.reason as Error);
      });
      await promise;
    }
    this.#isHeld = true;
    try {
      await whileItLasts();
    } finally {
      this.#isHeld = false;
      this.#queue.shift()?.();
    }
  };

  channel(): TabChannel {
    let own: ((message: TabMessage) => void) | undefined;
    return {
      post: (message) => {
        for (const tell of [...this.#tabs].filter((tab) => tab !== own)) {
          tell(message);
        }
      },
      listen: (heard) => {
        own = heard;
        this.#tabs.add(heard);
        return () => {
          this.#tabs.delete(heard);
        };
      },
    };
  }

  /** A tab that is looked at, which has read what was held up to this index. */
  tab(cursor: number) {
    const looking = new AbortController();
    const tab = {
      log: withBatch(EMPTY_LOG, { after: 0, items: [event(cursor)] }),
      missed: 0,
      losses: 0,
      ended: Promise.resolve(),
      leave: async () => {
        looking.abort();
        await tab.ended;
      },
    };
    const news = new SharedNews(
      {
        cursor: () => tab.log.last ?? 0,
        took: (batch) => {
          tab.missed += isNext(tab.log, batch) ? 0 : 1;
          tab.log = withBatch(tab.log, batch);
        },
        lost: () => {
          tab.losses += 1;
        },
      },
      {
        follow: this.follow,
        takeTurns: this.takeTurns,
        channel: this.channel(),
        clock: this.clock,
        random: () => 0,
      },
    );
    tab.ended = news.run(looking.signal);
    return tab;
  }

  happens(...indices: readonly number[]): void {
    const after = (indices[0] ?? 1) - 1;
    for (const stream of this.open) {
      stream.deliver({ after, items: indices.map(event) });
    }
  }
}

function event(index: number) {
  return { index, at: "", pool: null, kind: "x", severity: "info", summary: "" } as const;
}

suite("the stream of a browser", () => {
  test("is one for all tabs, and all hear the same", async () => {
    const browser = new FakeBrowser();
    const tabs = [browser.tab(5), browser.tab(5), browser.tab(5)];
    await settled();
    assert.deepEqual(
      browser.open.map(({ after }) => after),
      [5],
    );
    browser.happens(6, 7);
    assert.deepEqual(
      tabs.map(({ log, missed }) => [log.last, missed]),
      [
        [7, 0],
        [7, 0],
        [7, 0],
      ],
    );
    await Promise.all(tabs.map((tab) => tab.leave()));
    assert.equal(browser.open.length, 0, "nobody looks: nothing is open");
  });

  test("goes on after what was heard when its reader leaves", async () => {
    const browser = new FakeBrowser();
    const [first, second] = [browser.tab(5), browser.tab(5)];
    await settled();
    browser.happens(6);
    await first.leave();
    await settled();
    assert.deepEqual(
      browser.open.map(({ after }) => after),
      [6],
    );
    await second.leave();
  });

  test("is not waited for by a tab that nobody looks at", async () => {
    const browser = new FakeBrowser();
    const [first, second, third] = [browser.tab(5), browser.tab(5), browser.tab(5)];
    await settled();
    await second.leave();
    await first.leave();
    await settled();
    assert.equal(browser.open.length, 1);
    browser.happens(6);
    assert.deepEqual([third.log.last, second.log.last], [6, 5]);
    await third.leave();
  });

  test("tells a tab that came later when something is missing between", async () => {
    const browser = new FakeBrowser();
    const [reader, late] = [browser.tab(5), browser.tab(4)];
    await settled();
    browser.happens(6);
    assert.deepEqual([reader.missed, late.missed], [0, 1]);
    await Promise.all([reader.leave(), late.leave()]);
  });

  test("is opened again after a pause when it is lost, and every tab hears of the loss", async () => {
    const browser = new FakeBrowser();
    const [reader, other] = [browser.tab(5), browser.tab(5)];
    await settled();
    browser.happens(6);
    browser.open[0]?.end();
    await settled();
    assert.deepEqual([reader.losses, other.losses, browser.open.length], [1, 1, 0]);
    await browser.clock.advance(1_000);
    assert.deepEqual(
      browser.open.map(({ after }) => after),
      [6],
    );
    await Promise.all([reader.leave(), other.leave()]);
  });

  test("is asked for less often while the agent is gone, after 4 s at most", async () => {
    const browser = new FakeBrowser();
    const tab = browser.tab(5);
    const pauses: number[] = [];
    for (let loss = 0; loss < 4; loss += 1) {
      await settled();
      browser.open[0]?.end();
      await settled();
      const lostAt = browser.clock.now();
      while (browser.open.length === 0) {
        await browser.clock.advance(500);
      }
      pauses.push(browser.clock.now() - lostAt);
    }
    assert.deepEqual(pauses, [2_000, 4_000, 4_000, 4_000]);
    await tab.leave();
  });
});
