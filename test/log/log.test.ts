import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createLog, type LogConfig } from "../../src/log/log.ts";
import { FakeClock } from "../support/fake-ports.ts";

function logWith(config: Partial<LogConfig> = {}) {
  const clock = new FakeClock();
  let text = "";
  const sink = {
    write: (line: string) => {
      text += line;
    },
  };
  const log = createLog({ level: "info", format: "json", ...config }, sink, clock);
  const lines = () => text.split("\n").slice(0, -1);
  const parsed = () =>
    lines().map((line) => JSON.parse(line) as { level: string; time: string; msg: string });
  return { log, clock, lines, parsed, messages: () => parsed().map(({ msg }) => msg) };
}

test("each part names itself, once", () => {
  const { log, lines } = logWith();
  log.logger.child({ name: "agent.dns" }).info({ a: 1 }, "message");
  const [line = ""] = lines();
  assert.match(line, /^\{"level":"info","time":"[^"]+","name":"agent\.dns","a":1,"msg":"message"\}$/);
});

test("placeholders in a message are text", () => {
  const { log, messages } = logWith();
  log.logger.info({}, "%s %d %j 100%");
  assert.deepEqual(messages(), ["%s %d %j 100%"]);
});

suite("many lines of a kind", () => {
  test("are told of in one line at the end of the minute, at their level", async () => {
    const { log, clock, lines, parsed, messages } = logWith();
    for (let n = 0; n < 420_000; n++) {
      log.logger.warn({ n }, "server refused");
    }
    log.logger.info({}, "other");
    assert.equal(lines().length, 101);
    await clock.advance(60_000);
    assert.equal(messages().at(-1), "419900 more lines like this within a minute: server refused");
    assert.deepEqual(parsed().at(-1), {
      level: "warn",
      time: parsed().at(-1)?.time,
      name: "agent.log",
      lines: 419_900,
      part: "agent",
      msg: "419900 more lines like this within a minute: server refused",
    });
  });

  test("of a pool leave those of another pool their place", () => {
    const { log, messages } = logWith();
    for (let n = 0; n < 1_000; n++) {
      log.logger.info({ pool: "web" }, "new head");
    }
    log.logger.info({ pool: "db" }, "new head");
    assert.equal(messages().length, 101);
  });

  test("that the level hides count for nothing", async () => {
    const { log, clock, lines } = logWith({ level: "error" });
    for (let n = 0; n < 1_000; n++) {
      log.logger.warn({}, "server refused");
    }
    await clock.advance(60_000);
    assert.deepEqual(lines(), []);
  });

  test("that were lost are told of at a level that shows", () => {
    for (const [level, shown] of [
      ["error", "error"],
      ["warn", "warn"],
      ["debug", "warn"],
    ] as const) {
      const { log, parsed } = logWith({ level });
      log.tellLost({ lines: 3, since: 0, reason: "nobody reads it" });
      assert.equal(parsed()[0]?.level, shown);
    }
  });
});
