/** `events` against a scripted agent: what it holds, what happens next, and what is lost on the way. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { until } from "../../scripts/lab/until.ts";
import { ProgramRun, programEnd } from "../support/program-run.ts";
import { EVENTS, FIRST_INDEX } from "../support/scripted-agent-answers.ts";
import { ScriptedAgentApi } from "../support/scripted-agent-api.ts";

const HELD = `\
12:00:04.117  warn  nomad  server-down   10.0.0.2:4647  connection refused (2nd time, not chosen for 1 min)
12:00:04.117  warn  nomad  head-changed  10.0.0.2:4647 → 10.0.0.1:4647  server-failed by health
12:03:56.020  info  -      config-reloaded  the configuration is the same
`;

suite("what the agent holds", () => {
  test("is a line for each event", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    const end = await programEnd(t, ["events", "--address", api.url]);
    assert.deepEqual(end, { code: 0, stdout: HELD, stderr: "" });
    assert.equal(api.asked[0]?.headers.accept, "application/x-ndjson");
  });

  test("is with --json the agent's own lines", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    const { code, stdout } = await programEnd(t, ["events", "--json", "--address", api.url]);
    assert.equal(stdout, EVENTS.map((event) => `${JSON.stringify(event)}\n`).join(""));
    assert.equal(code, 0);
  });

  test("is chosen by pool, kind, severity and index", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    const flags = ["--pool", "nomad", "--kind", "head-changed", "--min-severity", "warn", "--after", "5"];
    const { stdout } = await programEnd(t, ["events", ...flags, "--address", api.url]);
    assert.deepEqual(Object.fromEntries(api.asked[0]?.query ?? []), {
      pool: "nomad",
      kind: "head-changed",
      min_severity: "warn",
      after: "5",
      follow: "false",
    });
    const [gap = "", event = ""] = stdout.split("\n");
    assert.match(gap, /warn {2}- {6}gap {11}\d+ events are gone between index 5 and \d+$/);
    assert.equal(
      event,
      "12:00:04.117  warn  nomad  head-changed  10.0.0.2:4647 → 10.0.0.1:4647  server-failed by health",
    );
    const afterAll = await programEnd(t, ["events", "--after", String(FIRST_INDEX), "--address", api.url]);
    assert.deepEqual(afterAll, { code: 0, stdout: "", stderr: "" });
  });

  test("that is not JSON is said", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    api.instead = (_request, response) => response.end("hello\n");
    const { code, stderr } = await programEnd(t, ["events", "--address", api.url]);
    assert.match(stderr, /is no agent: expected a JSON object in each line of its events\n$/);
    assert.equal(code, 3);
  });
});

suite("--follow", () => {
  test("goes on with what happens, and leaves keep-alives out", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    const run = new ProgramRun(t, ["events", "--follow", "--address", api.url]);
    await run.untilPrinted("the configuration is the same\n");
    await api.keepAlive();
    api.publish({ kind: "contact-lost", pool: "nomad", severity: "error", summary: "no heartbeat for 90 s" });
    await run.untilPrinted("no heartbeat for 90 s\n");
    assert.equal(run.stdout, `${HELD}12:04:08.500  error  nomad  contact-lost     no heartbeat for 90 s\n`);
  });

  test("ends with 130 at INT, without a word", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    const run = new ProgramRun(t, ["events", "--follow", "--json", "--address", api.url]);
    await run.untilPrinted("config-reloaded");
    run.child.kill("SIGINT");
    const { code, stderr } = await run.end;
    assert.deepEqual({ code, stderr }, { code: 130, stderr: "" });
  });

  test("--after now begins with the next event, and loses none while the agent is away", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    const run = new ProgramRun(t, ["events", "--follow", "--after", "now", "--address", api.url]);
    await until(() => api.streams === 1);
    await api.close();
    await until(() => run.stderr.includes("trying again"));
    api.publish({ kind: "agent-started", pool: null, summary: "meanwhile" });
    await api.listen();
    await run.untilPrinted("meanwhile\n");
    assert.equal(run.stdout, "12:04:08.500  info  -      agent-started  meanwhile\n");
    assert.equal(
      run.stderr,
      `headwaiter: lost the agent at ${api.url}; trying again\nheadwaiter: the agent at ${api.url} answers again\n`,
    );
  });

  test("goes on after the last event when the agent cuts the stream, and says what is gone", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    const run = new ProgramRun(t, ["events", "--follow", "--address", api.url]);
    await run.untilPrinted("the configuration is the same\n");
    await api.close();
    for (const summary of ["first", "second", "third"]) {
      api.publish({ kind: "failback", pool: "nomad", summary });
    }
    api.events = api.events.slice(-1);
    await api.listen();
    await run.untilPrinted("third\n");
    assert.equal(
      run.stdout.slice(HELD.length),
      `\
              warn  -      gap              2 events are gone between index ${FIRST_INDEX} and ${FIRST_INDEX + 3}
12:04:08.500  info  nomad  failback         third
`,
    );
  });

  test("does not try again what the agent refuses", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    api.instead = (_request, response) => {
      api.refuse(response, 403, "token-refused", "expected a token");
    };
    const end = await programEnd(t, ["events", "--follow", "--address", api.url]);
    assert.deepEqual(end, { code: 4, stdout: "", stderr: "headwaiter: expected a token\n" });
  });
});
