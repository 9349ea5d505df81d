/** How commands write: again at each change, in colour, to terminals and closed pipes; and how signals end them. */
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { until } from "../../scripts/lab/until.ts";
import { ProgramRun, programEnd, type RunOptions } from "../support/program-run.ts";
import { EXPLANATION, NOMAD, WEB } from "../support/scripted-agent-answers.ts";
import { ScriptedAgentApi } from "../support/scripted-agent-api.ts";

/** How often this path was asked for. */
function askedFor(api: ScriptedAgentApi, path: string): number {
  return api.asked.filter((request) => request.path === path).length;
}

suite("--watch", () => {
  async function watching(t: TestContext, api: ScriptedAgentApi, ...args: string[]): Promise<ProgramRun> {
    const run = new ProgramRun(t, [...args, "--watch", "--address", api.url]);
    await until(() => api.streams === 1);
    return run;
  }

  test("shows servers again after each event, and asks for nothing between", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    const run = await watching(t, api, "servers");
    const first = run.stdout;
    assert.match(first, /^POOL nomad/);
    api.changeHead("nomad", "10.0.0.3:4647");
    await run.untilPrinted(">  2  10.0.0.3:4647");
    assert.equal(run.stdout.split("\n\n").length, 2, "an empty line parts the two");
    for (let i = 0; i < 20; i++) {
      await api.keepAlive();
      await fetch(`${api.url}/v1/agent/health`); // meanwhile the program reads it
    }
    api.changeHead("nomad", "10.1.0.9:4647");
    await run.untilPrinted(">  4  10.1.0.9:4647");
    assert.equal(askedFor(api, "/v1/pools/nomad"), 3);
    run.child.kill("SIGINT");
    const { code, stderr } = await run.end;
    assert.deepEqual({ code, stderr }, { code: 130, stderr: "" });
  });

  test("gives a document a line with --json", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    const run = await watching(t, api, "servers", "--json");
    api.changeHead("nomad", "10.0.0.3:4647");
    await until(() => run.stdout.split("\n").length === 3);
    const heads = run.stdout
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { pools: [{ head: { address: string } }] }).pools[0].head.address);
    assert.deepEqual(heads, ["10.0.0.1:4647", "10.0.0.3:4647"]);
  });

  test("of one pool is not woken by others", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    api.pools.set("web", WEB);
    const run = await watching(t, api, "explain", "--pool", "nomad");
    api.publish({ kind: "list-changed", pool: "web" });
    api.explanation = "another";
    api.publish({ kind: "list-changed", pool: "nomad" });
    await run.untilPrinted("another\n");
    assert.equal(run.stdout, `${EXPLANATION}\nanother\n`);
  });

  test("shows what is there when an agent that was gone is back", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    const run = await watching(t, api, "status");
    await api.close();
    await until(() => run.stderr.includes("trying again"));
    api.status = { state: "failing", problems: [{ code: "outage", pool: "nomad", text: "nobody answers" }] };
    await api.listen();
    await run.untilPrinted("nobody answers\n");
    assert.equal(run.stdout, "ok\n\nfailing  nomad  outage    nobody answers\n");
  });

  for (const [signal, code] of [
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const) {
    test(`ends with ${code} at ${signal}`, async (t) => {
      const api = await ScriptedAgentApi.start(t);
      const run = await watching(t, api, "status");
      run.child.kill(signal);
      assert.equal((await run.end).code, code);
    });
  }
});

suite("colours", () => {
  async function stdoutOf(
    t: TestContext,
    args: string[],
    environment: Record<string, string>,
    shell?: string,
  ) {
    const api = await ScriptedAgentApi.start(t);
    const options: RunOptions = { environment, ...(shell !== undefined && { shell }) };
    return (await programEnd(t, ["status", ...args, "--address", api.url], options)).stdout.trim();
  }
  const GREEN = "\u001B[32mok\u001B[39m";
  /** A terminal of 80 columns. */
  const TERMINAL = `script -qec 'stty cols 80; exec '"$(printf '%q ' "$@")" /dev/null`;

  test("are for terminals, unless they are not wanted there", async (t) => {
    const xterm = { TERM: "xterm" };
    assert.equal(await stdoutOf(t, [], xterm), "ok");
    assert.equal(await stdoutOf(t, [], xterm, TERMINAL), GREEN);
    assert.equal(await stdoutOf(t, [], { ...xterm, NO_COLOR: "1" }, TERMINAL), "ok");
    assert.equal(await stdoutOf(t, [], { ...xterm, NO_COLOR: "" }, TERMINAL), GREEN);
    assert.equal(await stdoutOf(t, [], { TERM: "dumb" }, TERMINAL), "ok");
    assert.equal(await stdoutOf(t, ["--color", "never"], xterm, TERMINAL), "ok");
    assert.equal(await stdoutOf(t, ["--color", "always"], { NO_COLOR: "1" }), GREEN);
  });

  test("change no column", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    const plain = await programEnd(t, ["servers", "--address", api.url]);
    const coloured = await programEnd(t, ["servers", "--color", "always", "--address", api.url]);
    assert.notEqual(coloured.stdout, plain.stdout);
    assert.equal(stripVTControlCharacters(coloured.stdout), plain.stdout);
  });

  test("are there beside lines that a terminal's edge cuts, and no line is wrapped", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    const options = { shell: TERMINAL, environment: { TERM: "xterm" } };
    const { stdout } = await programEnd(t, ["servers", "--address", api.url], options);
    const lines = stdout.trimEnd().split("\r\n");
    const lengths = lines.map((line) => stripVTControlCharacters(line).length);
    assert.equal(lines.length, 6);
    assert.equal(Math.max(...lengths), 80);
    assert.match(lines[0] ?? "", /…/);
    const begun = lines.join("").match(/\[3[1-3]m/g)?.length;
    assert.equal(lines.join("").match(/\[39m/g)?.length, begun, "each colour that begins ends");
  });
});

suite("times", () => {
  const MOMENT = "12:03:56";
  const STATUS = {
    state: "degraded",
    problems: [{ code: "x", since_at: `2025-11-24T${MOMENT}.000Z`, text: "y" }],
  };

  test("are of the machine's zone, or UTC's", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    api.status = STATUS;
    const environment = { TZ: "Asia/Kolkata", HEADWAITER_HTTP_ADDR: api.url };
    assert.match(
      (await programEnd(t, ["status"], { environment })).stdout,
      /x {2}17:33:56 \(12 s ago\) {2}y/,
    );
    assert.match(
      (await programEnd(t, ["status", "--utc"], { environment })).stdout,
      /x {2}12:03:56 \(12 s ago\)/,
    );
  });
});

suite("standard output", () => {
  test("that is closed ends the program silently, with 0", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    const shell = `"$@" | head -n 1; echo "\${PIPESTATUS[0]}" >&2`;
    const events = Array.from({ length: 20_000 }, (_, i) => ({
      index: i + 1,
      kind: "failback",
      severity: "info",
    }));
    api.events = events;
    const run = new ProgramRun(t, ["events", "--address", api.url], { shell });
    const { stderr, stdout } = await run.end;
    assert.equal(stderr, "0\n");
    assert.equal(stdout.split("\n").length, 2);
  });

  test("that takes no more is one line, and 1", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    const end = await programEnd(t, ["servers", "--address", api.url], { shell: `"$@" >/dev/full` });
    assert.equal(end.stderr, "headwaiter: standard output can't be written: ENOSPC\n");
    assert.equal(end.code, 1);
  });

  test("gets a list of 10,000 servers whole", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    const [server] = NOMAD["servers"] as [object];
    const servers = Array.from({ length: 10_000 }, (_, i) => ({
      ...server,
      position: i + 1,
      address: `h:${i + 1}`,
    }));
    api.pools.set("nomad", { ...NOMAD, servers });
    const { stdout } = await programEnd(t, ["servers", "--address", api.url]);
    assert.equal(stdout.split("\n").length, 10_003);
  });
});
