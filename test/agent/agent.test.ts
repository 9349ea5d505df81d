import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import type { Worker } from "node:worker_threads";
import { until } from "../../scripts/lab/until.ts";
import { Agent } from "../../src/agent/agent.ts";
import { configOf } from "../../src/config/layer.ts";

const lines: { readonly msg: string; readonly http?: string }[] = [];

class Lines {
  child(): this {
    return this;
  }
  debug(): void {}
  info(fields: object, msg: string): void {
    lines.push({ ...fields, msg });
  }
  warn(): void {}
  error(): void {}
}

function agent(): Agent {
  const values = {
    dns: { address: "127.0.0.1:0" },
    http: { address: "127.0.0.1:0" },
    pools: { web: { servers: ["127.0.0.1:9"], backups: null } },
  };
  return new Agent(configOf([{ origin: "test", values }]), new Lines());
}

/** What keeps this process alive. */
function handles(): readonly string[] {
  return process.getActiveResourcesInfo().filter((kind) => /^(TCP|UDP|MessagePort|Timeout)/.test(kind));
}

suite("an agent", () => {
  test("is not ready while its answering thread is dead, says why, and is ready again by itself", async () => {
    const workers: Worker[] = [];
    const note = (worker: Worker) => workers.push(worker);
    process.on("worker", note);
    after(() => process.off("worker", note));
    const running = agent();
    await running.start();
    const http = lines.findLast(({ msg }) => msg === "agent started")?.http ?? "";
    const readiness = async () => {
      const reply = await fetch(`http://${http}/v1/agent/ready`);
      return { status: reply.status, body: await reply.json() };
    };
    const isReady = async () => (await readiness()).status === 200;
    await until(isReady);
    await workers[0]?.terminate();
    assert.deepEqual(await readiness(), {
      status: 503,
      body: { ready: false, waiting: [], dns: "restarting", warnings: [] },
    });
    await until(isReady);
    assert.equal(workers.length, 2);
    await running.stop();
  });

  test("that is stopped while it starts leaves nothing, whatever had begun", async () => {
    // What the tests before used is closed a little after they end.
    await until(() => handles().length === 0);
    for (let turns = 0; turns < 4; turns++) {
      lines.length = 0;
      const starting = agent();
      const started = starting.start();
      for (let turn = 0; turn < turns; turn++) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      await Promise.all([started, starting.stop()]);
      assert.deepEqual(lines, []);
      assert.deepEqual(handles(), []);
    }
  });

  test("started twice starts once", async () => {
    lines.length = 0;
    const running = agent();
    await Promise.all([running.start(), running.start()]);
    await running.start();
    assert.deepEqual(
      lines.map(({ msg }) => msg).filter((msg) => msg !== "new head"),
      ["agent started"],
    );
    await running.stop();
  });
});
