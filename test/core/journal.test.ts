import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Journal, type JournalEntry } from "../../src/core/journal.ts";
import { FakeClock, FakeLogger } from "../support/fake-ports.ts";

function journal() {
  const clock = new FakeClock(1_000);
  const logger = new FakeLogger();
  return { clock, logger, journal: new Journal(clock, logger) };
}

const serverUp = (server: string) => ({ kind: "server-up", server }) as const;

function serversOf(entries: readonly JournalEntry[]): readonly string[] {
  return entries.map(({ event }) => (event.kind === "server-up" ? event.server : event.kind));
}

suite("the journal", () => {
  test("has what was noted in order, of which pool, and when by the wall clock", async () => {
    const { clock, journal: kept } = journal();
    const entries: JournalEntry[] = [];
    kept.subscribe((entry) => entries.push(entry));
    kept.of("web")(serverUp("a"));
    await clock.advance(500);
    kept.note({ kind: "clock-jumped", byMs: 5 });
    kept.of("db")(serverUp("b"));
    assert.deepEqual(entries, [
      { at: 1_000, pool: "web", event: serverUp("a") },
      { at: 1_500, event: { kind: "clock-jumped", byMs: 5 } },
      { at: 1_500, pool: "db", event: serverUp("b") },
    ]);
  });

  test("tells every listener each entry in order, also what a listener notes, until the listener is gone", () => {
    const { journal: kept } = journal();
    const note = kept.of("web");
    const first: JournalEntry[] = [];
    const second: JournalEntry[] = [];
    const endFirst = kept.subscribe((entry) => {
      first.push(entry);
      if (entry.event.kind === "server-up" && entry.event.server === "a") {
        note(serverUp("because of a"));
      }
    });
    kept.subscribe((entry) => second.push(entry));
    note(serverUp("a"));
    note(serverUp("b"));
    endFirst();
    note(serverUp("c"));
    assert.deepEqual(serversOf(first), ["a", "because of a", "b"]);
    assert.deepEqual(serversOf(second), ["a", "because of a", "b", "c"]);
  });

  test("a listener that throws is told of in the log, and keeps nobody from anything", () => {
    const { journal: kept, logger } = journal();
    const told: JournalEntry[] = [];
    kept.subscribe(() => {
      throw new Error("broken view");
    });
    kept.subscribe((entry) => told.push(entry));
    kept.of("web")(serverUp("a"));
    kept.of("web")(serverUp("b"));
    assert.deepEqual(serversOf(told), ["a", "b"]);
    assert.deepEqual(
      logger.lines.map(({ fields, level }) => [level, fields]),
      [
        ["error", { reason: "broken view" }],
        ["error", { reason: "broken view" }],
      ],
    );
  });
});
