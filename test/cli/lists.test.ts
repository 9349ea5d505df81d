/** `status`, `servers` and `explain` against a scripted agent: whole texts, documents and exit codes. */
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { programEnd } from "../support/program-run.ts";
import { DEGRADED, EXPLANATION, NOMAD, WEB } from "../support/scripted-agent-answers.ts";
import { ScriptedAgentApi } from "../support/scripted-agent-api.ts";

/** What the command prints, and how it ends, with the address in the environment. */
async function ask(t: TestContext, api: ScriptedAgentApi, ...args: string[]) {
  return await programEnd(t, args, { environment: { HEADWAITER_HTTP_ADDR: api.url } });
}

const NOMAD_TABLE = `\
POOL nomad  live  3 primaries, 1 backup  leader 10.0.0.3:4647  heartbeat 4 s ago  Consul FAILING 12 s (unreachable, retry in 1 s)
   #  SERVER         TIER     STATE                     RTT     SOURCES
>  1  10.0.0.1:4647  primary  up 4 min                  0.6 ms  heartbeat, consul
   2  10.0.0.3:4647  primary  standby, up 4 min         0.8 ms  heartbeat, consul
   3  10.0.0.2:4647  primary  down: connection refused          heartbeat          not chosen for 41 s
   4  10.1.0.9:4647  backup   not watched                       consul
`;

suite("servers", () => {
  test("shows the list of the only pool", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    assert.deepEqual(await ask(t, api, "servers"), { code: 0, stdout: NOMAD_TABLE, stderr: "" });
  });

  test("shows the lists of all pools, and ends with 2 because one has no head", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    api.pools.set("web", WEB);
    const web = "POOL web  starting  no servers  Consul has not reported yet\n";
    assert.deepEqual(await ask(t, api, "servers"), {
      code: 2,
      stdout: `${NOMAD_TABLE}\n${web}`,
      stderr: "",
    });
    assert.deepEqual(await ask(t, api, "servers", "--pool", "web"), { code: 2, stdout: web, stderr: "" });
    assert.equal((await ask(t, api, "servers", "--pool", "nomad")).code, 0);
  });

  test("shows which pool a question started, which needs no head unless it is asked for", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    api.pools.set("db", { ...WEB, name: "db", on_demand: true });
    const db = "POOL db  starting  on demand  no servers  Consul has not reported yet\n";
    assert.deepEqual(await ask(t, api, "servers"), {
      code: 0,
      stdout: `${NOMAD_TABLE}\n${db}`,
      stderr: "",
    });
    assert.deepEqual(await ask(t, api, "servers", "--pool", "db"), { code: 2, stdout: db, stderr: "" });
  });

  test("with --json gives the agent's own documents, as a list", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    api.pools.set("web", WEB);
    const { code, stderr, stdout } = await ask(t, api, "servers", "--json");
    assert.deepEqual(JSON.parse(stdout), { pools: [NOMAD, WEB] });
    assert.deepEqual({ code, stderr }, { code: 2, stderr: "" });
  });

  test("knows nothing of what a newer agent says, and shows the rest", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    api.pools.set("nomad", {
      name: "nomad",
      index: 1,
      state: "resting",
      head: { address: "10.0.0.1:1" },
      contact: "lost",
      counts: { primary: 1, wild: 7 },
      servers: [
        { address: "10.0.0.1:1", position: 10, watch: { role: "head", phase: "guessing" }, claims: 1 },
      ],
      servers_total: 12,
      servers_shown: 1,
      sources: { oracle: { state: "confused" }, consul: { state: "ok", last_success_at: "yesterday" } },
    });
    const { code, stdout } = await ask(t, api, "servers");
    assert.equal(
      stdout,
      `\
POOL nomad  resting  1 primary  contact lost  oracle FAILING  Consul ok
    #  SERVER      TIER  STATE     RTT  SOURCES
>  10  10.0.0.1:1        guessing
   … the first 1 of 12 servers
`,
    );
    assert.equal(code, 0);
  });

  test("lets no text of others reach the terminal as it is", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    const [first] = NOMAD["servers"] as object[];
    api.pools.set("nomad", { ...NOMAD, servers: [{ ...first, down: { reason: "\u001B[2Jgone\nfar" } }] });
    const { stdout } = await ask(t, api, "servers");
    assert.match(stdout, /down: \\u\{1b\}\[2Jgone\\u\{a\}far/);
  });
});

const PROBLEMS = `\
degraded  nomad  consul-failing  12:03:56 (12 s ago)             Consul does not answer: connection refused
degraded  agent  restart-needed  2025-11-23 11:04:08 (25 h ago)  dns.address takes effect at a restart
`;

suite("status", () => {
  test("says ok, and nothing else", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    assert.deepEqual(await ask(t, api, "status"), { code: 0, stdout: "ok\n", stderr: "" });
  });

  test("gives each problem a line, and ends with 2", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    api.status = DEGRADED;
    assert.deepEqual(await ask(t, api, "status"), { code: 2, stdout: PROBLEMS, stderr: "" });
  });

  test("of one pool says what is wrong with it, and with the agent as a whole", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    api.pools.set("web", WEB);
    const [ofNomad, ofAgent] = DEGRADED["problems"] as object[];
    api.status = { state: "degraded", problems: [ofNomad] };
    assert.deepEqual(await ask(t, api, "status", "--pool", "web"), { code: 0, stdout: "ok\n", stderr: "" });
    assert.equal((await ask(t, api, "status", "--pool", "nomad")).code, 2);
    api.status = { state: "degraded", problems: [ofNomad, ofAgent] };
    assert.match(
      (await ask(t, api, "status", "--pool", "web")).stdout,
      /^degraded {2}agent {2}restart-needed/,
    );
  });

  test("of a pool that is none is no ok", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    assert.deepEqual(await ask(t, api, "status", "--pool", "nomda"), {
      code: 1,
      stdout: "",
      stderr: 'headwaiter: no pool "nomda": expected one of nomad\n',
    });
  });

  test("with --json gives the agent's own document", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    api.status = DEGRADED;
    const { code, stdout } = await ask(t, api, "status", "--json");
    assert.deepEqual(JSON.parse(stdout), DEGRADED);
    assert.equal(code, 2);
    const ofPool = await ask(t, api, "status", "--json", "--pool", "nomad");
    assert.deepEqual(JSON.parse(ofPool.stdout), DEGRADED);
  });
});

suite("explain", () => {
  test("prints the agent's very text", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    assert.deepEqual(await ask(t, api, "explain"), { code: 0, stdout: EXPLANATION, stderr: "" });
  });

  test("parts the texts of several pools by an empty line", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    api.pools.set("web", WEB);
    const { stdout } = await ask(t, api, "explain");
    assert.equal(stdout, `${EXPLANATION}\n${EXPLANATION}`);
  });

  test("asks each what-if that it is given", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    const args = ["explain", "--pool", "nomad", "--if", "fails:10.0.0.1:4647", "--if", "rebalance"];
    assert.equal((await ask(t, api, ...args)).code, 0);
    const { stdout } = await ask(t, api, ...args, "--json");
    const whatIfs = ["fails:10.0.0.1:4647", "rebalance"];
    assert.deepEqual(
      api.asked.map(({ headers, path, query }) => [path, query.getAll("if"), headers.accept]),
      [
        ["/v1/pools/nomad/explain", whatIfs, "text/plain"],
        ["/v1/pools/nomad/explain", whatIfs, "application/json"],
      ],
    );
    assert.deepEqual(JSON.parse(stdout), { pools: [{ pool: "nomad", if: whatIfs, verdict: "it is" }] });
  });

  test("prints nothing that commands a terminal", async (t) => {
    const api = await ScriptedAgentApi.start(t);
    api.explanation = "first\u001B[2J\nsecond";
    assert.equal((await ask(t, api, "explain")).stdout, "first\\u{1b}[2J\nsecond\n");
  });
});
