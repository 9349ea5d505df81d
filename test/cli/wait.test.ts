/** `wait` against a scripted agent: what it waits for, what it says meanwhile, and how it ends. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { until } from "../../scripts/lab/until.ts";
import { ProgramRun, programEnd } from "../support/program-run.ts";
import { NOMAD, READY, WEB } from "../support/scripted-agent-answers.ts";
import { ScriptedAgentApi } from "../support/scripted-agent-api.ts";

const NOT_READY = {
  ...READY,
  ready: false,
  dns: "starting",
  pools: { nomad: { ready: true, waits_for: [] }, web: { ready: false, waits_for: ["consul", "heartbeat"] } },
};

suite("--ready", () => {
  test("returns at once when the agent is", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    const end = await programEnd(t, ["wait", "--ready", "--address", api.url]);
    assert.deepEqual(end, { code: 0, stdout: "ready\n", stderr: "" });
  });

  test("says what it waits for, once, until it holds", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    api.pools.set("web", WEB);
    api.ready = NOT_READY;
    const run = new ProgramRun(t, ["wait", "--ready", "--address", api.url]);
    await until(() => api.waiting === 1);
    api.publish({ kind: "list-changed", pool: "web" });
    await until(() => api.asked.filter(({ path }) => path.endsWith("/ready")).length === 2);
    api.ready = READY;
    api.publish({ kind: "list-changed", pool: "web" });
    assert.deepEqual(await run.end, {
      code: 0,
      stdout: "ready\n",
      stderr: "headwaiter: web waits for consul, heartbeat; DNS is starting\n",
    });
  });

  test("of one pool asks for that pool", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    const { stdout } = await programEnd(t, ["wait", "--ready", "--pool", "nomad", "--address", api.url]);
    assert.equal(stdout, "nomad is ready\n");
    assert.equal(api.asked[0]?.query.get("pool"), "nomad");
  });

  test("waits for an agent that is not there yet", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    await api.close();
    const run = new ProgramRun(t, ["wait", "--ready", "--json", "--address", api.url]);
    await until(() => run.stderr !== "");
    await api.listen();
    const { code, stderr, stdout } = await run.end;
    const { waited_ms: waited, ...facts } = JSON.parse(stdout) as { waited_ms: number };
    assert.deepEqual(facts, { condition: "ready", pool: null });
    assert.ok(Number.isInteger(waited));
    assert.match(stderr, /^headwaiter: no agent at \S+ connection refused; start it or pass --address\n$/);
    assert.equal(code, 0);
  });
});

suite("the head", () => {
  test("--head-changes returns with the next one", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    const run = new ProgramRun(t, ["wait", "--head-changes", "--address", api.url]);
    await until(() => api.waiting === 1);
    api.publish({ kind: "list-changed", pool: "nomad" });
    await until(() => api.waiting === 1);
    api.changeHead("nomad", "10.0.0.3:4647");
    assert.deepEqual(await run.end, {
      code: 0,
      stdout: "10.0.0.3:4647 is the head of nomad\n",
      stderr: "headwaiter: 10.0.0.1:4647 is the head of nomad, waits for another head\n",
    });
  });

  test("--head returns when it is the one, however its address is written", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    api.pools.set("nomad", { ...NOMAD, head: { address: "[2001:db8::1]:4647" } });
    const args = ["wait", "--head", "[2001:DB8:0::1]", "--json", "--address", api.url];
    const { code, stdout } = await programEnd(t, args);
    const { waited_ms: waited, ...facts } = JSON.parse(stdout) as { waited_ms: number };
    assert.ok(waited < 5_000);
    assert.deepEqual(facts, { condition: "head", pool: "nomad", head: "[2001:db8::1]:4647" });
    assert.equal(code, 0);
  });

  test("of several pools has to be one's", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    api.pools.set("web", WEB);
    const { code, stderr } = await programEnd(t, ["wait", "--head-changes", "--address", api.url]);
    assert.deepEqual(
      { code, stderr },
      { code: 1, stderr: "headwaiter: expected --pool, one of nomad, web\n" },
    );
  });
});

suite("--timeout", () => {
  test("ends it with 2, and with what it still waits for", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    const args = ["wait", "--head", "10.9.9.9:4647", "--timeout", "600ms", "--json", "--address", api.url];
    const { code, stderr, stdout } = await programEnd(t, args);
    const waits = "10.0.0.1:4647 is the head of nomad, waits for 10.9.9.9:4647";
    assert.equal(stderr, `headwaiter: ${waits}\nheadwaiter: not within 600 ms: ${waits}\n`);
    assert.deepEqual(JSON.parse(stdout), { error: `not within 600 ms: ${waits}`, code: "timeout" });
    assert.equal(code, 2);
  });

  test("ends it with 2 when the agent answered and was never ready", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    api.pools.set("web", WEB);
    api.ready = NOT_READY;
    const args = ["wait", "--ready", "--timeout", "400ms", "--address", api.url];
    const { code, stderr } = await programEnd(t, args);
    assert.match(
      stderr,
      /headwaiter: not within 400 ms: web waits for consul, heartbeat; DNS is starting\n$/,
    );
    assert.equal(code, 2);
  });

  test("ends it with 3 when no agent was there", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    await api.close();
    const end = await programEnd(t, ["wait", "--ready", "--timeout", "400ms", "--address", api.url]);
    assert.match(
      end.stderr,
      /^(headwaiter: no agent at \S+ connection refused; start it or pass --address\n){2}$/,
    );
    assert.equal(end.code, 3);
  });

  test("does not hold what the agent refuses", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    const { code, stderr } = await programEnd(t, ["wait", "--ready", "--pool", "x", "--address", api.url]);
    assert.deepEqual(
      { code, stderr },
      { code: 1, stderr: 'headwaiter: no pool "x": expected one of nomad\n' },
    );
  });
});
