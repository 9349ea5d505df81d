/** One reload at a time; what is asked for meanwhile. The parts that change are fakes. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Reloads } from "../../src/agent/reloads.ts";
import { ConfigError } from "../../src/config/config-error.ts";
import { settingsOf } from "../../src/config/layer.ts";
import { ReloadError } from "../../src/core/config-view.ts";
import type { AgentEvent } from "../../src/core/journal-event.ts";
import { FakeClock, FakeLogger, settled } from "../support/fake-ports.ts";

const settings = (values: object = {}) => settingsOf([{ origin: "test", values }]);
const NO_POOLS = { added: [], removed: [], changed: [] };

/** Reloads whose ends the test decides. */
function reloads() {
  const told: AgentEvent[] = [];
  const swapped: number[] = [];
  const ends: (() => void)[] = [];
  const logger = new FakeLogger();
  const state = { read: () => settings(), prepare: (): unknown => undefined, isStopping: false };
  const made = new Reloads(
    { settings: settings(), files: [], read: () => state.read() },
    {
      prepare: () => {
        state.prepare();
        return { pools: NO_POOLS, swap: () => swapped.push(1) };
      },
      configureLog: () => undefined,
      isStopping: () => state.isStopping,
      ended: () => new Promise<void>((resolve) => ends.push(resolve)),
      note: (event) => told.push(event),
      noteOf: () => () => undefined,
      clock: new FakeClock(1_000),
      logger,
    },
  );
  return { made, told, swapped, ends, logger, state };
}

suite("one at a time", () => {
  test("a second one is refused until the first has let go of everything", async () => {
    const { ends, made, swapped } = reloads();
    const first = made.reload();
    await assert.rejects(made.reload(), { name: "ReloadError", code: "reload-running" });
    assert.equal(swapped.length, 1);
    ends.shift()?.();
    await first;
    const next = made.reload();
    ends.shift()?.();
    await next;
    assert.equal(swapped.length, 2);
  });

  test("any number of signals meanwhile are one more, whoever asked for the one under way", async () => {
    const { ends, made, swapped } = reloads();
    const first = made.reload();
    await Promise.all([made.request(), made.request(), made.request()]);
    assert.equal(swapped.length, 1);
    ends.shift()?.();
    await first;
    assert.equal(swapped.length, 2);
    ends.shift()?.();
    await settled();
    assert.equal(swapped.length, 2);
    assert.equal(made.status().reloads.applied, 2);
  });

  test("none follows in an agent that ends", async () => {
    const { ends, made, state, swapped } = reloads();
    const first = made.reload();
    await made.request();
    state.isStopping = true;
    ends.shift()?.();
    await first;
    await settled();
    assert.equal(swapped.length, 1);
    await assert.rejects(made.reload(), { code: "stopping" });
  });
});

suite("what goes wrong", () => {
  test("a mistake is told, counted and refused, and the next one is taken", async () => {
    const { ends, made, state, swapped, told } = reloads();
    state.read = () => {
      throw new ConfigError("a.yaml: dns.ttl", "expected a duration");
    };
    await assert.rejects(
      made.reload(),
      (error) => error instanceof ReloadError && error.code === "config-invalid",
    );
    assert.deepEqual(told, [{ kind: "config-refused", error: "a.yaml: dns.ttl: expected a duration" }]);
    assert.deepEqual(made.status().reloads, { applied: 0, refused: 1 });
    assert.equal(made.status().wasTaken, false);
    state.read = () => settings({ dns: { ttl: "1s" } });
    const taken = made.reload();
    ends.shift()?.();
    assert.deepEqual((await taken).applied, ["dns.ttl"]);
    assert.equal(swapped.length, 1);
    assert.equal(made.status().wasTaken, true);
  });

  test("a fault of our own changes nothing, and a signal's is logged", async () => {
    const { logger, made, state, swapped } = reloads();
    state.prepare = () => {
      throw new TypeError("a fault");
    };
    await assert.rejects(made.reload(), TypeError);
    await made.request();
    assert.equal(swapped.length, 0);
    assert.deepEqual(logger.levels(), ["error"]);
    assert.equal(made.status().reloads.refused, 2);
  });
});
