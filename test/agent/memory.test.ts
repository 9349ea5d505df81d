/** What an agent knows of before it was started. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { decode, encode } from "dns-packet";
import { until } from "../../scripts/lab/until.ts";
import { Memory } from "../../src/agent/memory.ts";
import { Journal } from "../../src/core/journal.ts";
import { Timeline } from "../../src/core/timeline/timeline.ts";
import type { RememberedServer, StateBody } from "../../src/state/state-body.ts";
import { statePath } from "../../src/state/state-directory.ts";
import { decodeState, encodeState } from "../../src/state/state-format.ts";
import { logJournal } from "../../src/views/log-lines.ts";
import { madeAgent, type StartedAgent, startedAgent } from "../support/agent-in-process.ts";
import { FakeClock, FakeLogger } from "../support/fake-ports.ts";
import { ask } from "../support/http-client.ts";
import { headChangeOf, listOf, SAVED } from "../support/saved-state.ts";
import type { Scope } from "../support/scope.ts";
import { askUdp } from "../views/dns/dns-client.ts";

const HOUR_MS = 3_600_000;
/** Nobody pushes: every source of this pool is silent. */
const WEB = { heartbeat: "push", ping: "none", backups: null };
const TWO = ["127.0.0.1:7001", "127.0.0.1:7002"];

function directoryOf(t: Scope): string {
  const directory = mkdtempSync(join(tmpdir(), "headwaiter-memory-"));
  t.after(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

function ago(ms: number): string {
  return new Date(Date.now() - ms).toISOString();
}

/** A directory with this state in it. */
function saved(t: Scope, body: Partial<StateBody>): string {
  const directory = directoryOf(t);
  writeFileSync(statePath(directory), encodeState({ ...SAVED, ...body }));
  return directory;
}

function inFile(directory: string): StateBody {
  const state = decodeState(readFileSync(statePath(directory)));
  assert.ok(!("refused" in state), "refused" in state ? state.refused : "");
  return state;
}

async function json(agent: StartedAgent, path: string) {
  return JSON.parse((await ask(agent.http, path)).text) as Record<string, unknown> & {
    readonly sources: Record<string, { readonly servers: number; readonly saved_at: string } | null>;
    readonly because: readonly { readonly code: string }[];
    readonly next: readonly { readonly code: string; readonly at: string }[];
    readonly servers: readonly { readonly address: string; readonly addresses: readonly string[] }[];
    readonly problems: readonly { readonly code: string }[];
  };
}

async function events(agent: StartedAgent) {
  return JSON.parse((await ask(agent.http, "/v1/events")).text) as readonly (Record<string, unknown> & {
    readonly index: number;
    readonly kind: string;
  })[];
}

async function push(agent: StartedAgent, addresses: readonly string[]): Promise<void> {
  const servers = addresses.map((address) => ({ address }));
  const body = JSON.stringify({ servers, num_nodes: 3, leader: "127.0.0.1:1", ttl_seconds: 60 });
  const headers = { "content-type": "application/json" };
  assert.equal(
    (await ask(agent.http, "/v1/pools/web/heartbeat", { method: "PUT", headers, body })).status,
    200,
  );
}

test("every view says that only the state file vouches for the list, until a heartbeat does", async (t) => {
  const saved_at = ago(HOUR_MS);
  const agent = await startedAgent(t, {
    data_dir: saved(t, { pools: { web: listOf(TWO, saved_at), gone: listOf(["127.0.0.1:1"]) } }),
    pools: { web: WEB },
  });
  const question = encode({
    type: "query",
    questions: [{ type: "SRV", name: "_web._tcp.headwaiter.internal" }],
  });
  const reply = decode((await askUdp(agent.dns, question)) ?? Buffer.alloc(0));
  assert.deepEqual(
    reply.answers?.map((record) => (record.type === "SRV" ? record.data.port : undefined)),
    [7001],
  );
  const pool = await json(agent, "/v1/pools/web");
  assert.deepEqual([pool["state"], pool["head_address"]], ["stale", TWO[0]]);
  assert.deepEqual(
    pool.servers.map(({ address }) => address),
    TWO,
  );
  const expires_at = new Date(Date.parse(saved_at) + 24 * HOUR_MS);
  const file = pool.sources["state_file"] as unknown as Record<string, string>;
  assert.deepEqual({ ...file, expires_at: 0 }, { saved_at, servers: 2, expires_at: 0 });
  assert.ok(Math.abs(Date.parse(file["expires_at"] ?? "") - expires_at.getTime()) < 1_000);
  const explained = await json(agent, "/v1/pools/web/explain");
  const codes = explained.because.map(({ code }) => code);
  assert.deepEqual(
    [codes[0], codes[2], codes[3]],
    ["became-head.restored", "listed.state-file", "mode.stale"],
  );
  assert.deepEqual((explained["dns"] as Record<string, unknown>)["extended_error"], {
    code: 3,
    text: "Stale Answer",
  });
  assert.ok(explained.next.some(({ code }) => code === "state-expires"));
  const ready = await ask(agent.http, "/v1/agent/ready");
  assert.deepEqual([ready.status, (JSON.parse(ready.text) as { stale: boolean }).stale], [200, true]);
  assert.ok((await json(agent, "/v1/agent/status")).problems.some(({ code }) => code === "stale"));

  await push(agent, [TWO[1] ?? ""]);
  const after = await json(agent, "/v1/pools/web");
  assert.deepEqual([after["state"], after.sources["state_file"]], ["live", null]);
  assert.deepEqual(
    after.servers.map(({ address }) => address),
    [TWO[1]],
  );
});

test("the timeline goes on above its last index, with the head changes of before", async (t) => {
  const last_index = Date.now() + HOUR_MS;
  const directory = saved(t, {
    last_index,
    pools: { web: listOf(TWO, ago(1_000)) },
    head_changes: [
      headChangeOf(last_index - 9, { pool: "web" }),
      headChangeOf(last_index - 3, { pool: "web" }),
    ],
  });
  const agent = await startedAgent(t, { data_dir: directory, pools: { web: WEB } });
  const [one, other, ...own] = await events(agent);
  assert.deepEqual([one?.index, other?.index], [last_index - 9, last_index - 3]);
  assert.deepEqual([one?.["from_instance"], other?.kind], ["before", "head-changed"]);
  assert.equal(own[0]?.kind, "state-restored");
  assert.ok(own.every(({ index }, nth) => index === last_index + 2 + nth));
  const missed = JSON.parse((await ask(agent.http, `/v1/events?after=${last_index - 5}`)).text) as typeof own;
  assert.deepEqual(missed[0], { kind: "gap", after: last_index - 5, oldest: last_index - 3, lost: null });
  assert.equal(missed.length, own.length + 2);

  await agent.agent.stop();
  const file = inFile(directory);
  assert.ok(file.last_index > (own.at(-1)?.index ?? 0));
  assert.deepEqual(
    file.head_changes.map(({ from_instance }) => from_instance === "before"),
    [true, true, false],
  );
});

test("a list that is only remembered stays as old as it was; one that a source vouches for is new", async (t) => {
  const saved_at = ago(HOUR_MS);
  const directory = saved(t, { pools: { web: listOf(TWO, saved_at) } });
  const values = { data_dir: directory, pools: { web: WEB } };
  const first = await startedAgent(t, values);
  await first.agent.stop();
  assert.equal(inFile(directory).pools["web"]?.saved_at, saved_at);

  const second = await startedAgent(t, values);
  await push(second, ["127.0.0.1:7003"]);
  await second.agent.stop();
  const { pools } = inFile(directory);
  assert.ok(Date.parse(pools["web"]?.saved_at ?? "") > Date.now() - 60_000);
  assert.deepEqual(
    pools["web"]?.servers.map(({ address }) => address),
    ["127.0.0.1:7003"],
  );
});

test("what the configuration names goes first, at a remembered address while its name has none", async (t) => {
  const named: RememberedServer = {
    address: "web.invalid:80",
    tier: "primary",
    addresses: ["127.0.0.9"],
    configured: true,
  };
  const dropped = { ...named, address: "dropped.invalid:80" };
  const list = listOf(TWO, ago(1_000));
  const directory = saved(t, { pools: { web: { ...list, servers: [...list.servers, dropped, named] } } });
  const agent = await startedAgent(t, {
    data_dir: directory,
    dns: { nameservers: ["127.0.0.1:9"] },
    pools: { web: { servers: ["web.invalid:80"], ping: "none", backups: null } },
  });
  const { servers, state } = await json(agent, "/v1/pools/web");
  assert.equal(state, "live");
  assert.deepEqual(
    servers.map(({ address }) => address),
    ["web.invalid:80", ...TWO],
  );
  assert.deepEqual(servers[0]?.addresses, ["127.0.0.9"]);
  await agent.agent.stop();
  assert.equal(inFile(directory).pools["web"]?.servers[0]?.configured, true);
});

test("a list older than state.max_age is set aside and kept in the file; a reload counts at once", async (t) => {
  const saved_at = ago(25 * HOUR_MS);
  const directory = saved(t, { pools: { web: listOf(TWO, saved_at), db: listOf(TWO, ago(2 * HOUR_MS)) } });
  const values = { data_dir: directory, pools: { web: WEB, db: WEB } };
  const agent = await startedAgent(t, values);
  assert.equal((await json(agent, "/v1/pools/web"))["head_address"], null);
  assert.equal((await json(agent, "/v1/pools/db"))["state"], "stale");
  agent.write({ ...values, state: { max_age: "1h" } });
  await agent.agent.reload();
  await until(async () => (await json(agent, "/v1/pools/db"))["head_address"] === null);
  const told = (await events(agent)).filter(({ kind }) => kind === "state-expired");
  assert.deepEqual(
    told.map(({ pool, servers }) => [pool, servers]),
    [
      ["web", 2],
      ["db", 2],
    ],
  );
  await agent.agent.stop();
  assert.equal(inFile(directory).pools["web"]?.saved_at, saved_at);
});

test("a list that was saved by a later clock is new", async (t) => {
  const agent = await startedAgent(t, {
    data_dir: saved(t, { pools: { web: listOf(TWO, ago(-HOUR_MS)) } }),
    pools: { web: WEB },
  });
  assert.equal((await json(agent, "/v1/pools/web"))["state"], "stale");
});

test("a second agent at the same directory is refused in one line, and the first one goes on", async (t) => {
  const directory = directoryOf(t);
  const values = { data_dir: directory, pools: { web: WEB } };
  const first = await startedAgent(t, values);
  const second = madeAgent(t, values);
  await assert.rejects(second.agent.start(), {
    name: "AgentError",
    message: `data_dir: ${directory}: process ${process.pid} has it: expected a directory of this agent's own`,
  });
  assert.equal((await ask(first.http, "/v1/agent/health")).status, 200);
  await first.agent.stop();
  assert.deepEqual(readdirSync(directory), ["state.json"]);
  await startedAgent(t, values);
});

for (const [what, content] of [
  ["foreign", "hello"],
  ["cut", encodeState(SAVED).subarray(0, 300)],
  ["of a later format", '{"format":2,"body":{}}'],
] as const) {
  test(`a file that is ${what} is told once, and kept aside`, async (t) => {
    const directory = directoryOf(t);
    writeFileSync(statePath(directory), content);
    const agent = await startedAgent(t, { data_dir: directory, pools: { web: WEB } });
    const refused = (await events(agent)).filter(({ kind }) => kind === "state-refused");
    assert.equal(refused.length, 1);
    assert.ok(readdirSync(directory).includes(String(refused[0]?.["kept_as"])));
    const lines = agent.logger.lines.filter(({ message }) => message.includes("state file"));
    assert.deepEqual(
      lines.map(({ level }) => level),
      ["warn"],
    );
    await push(agent, TWO);
    await agent.agent.stop();
    assert.equal(inFile(directory).pools["web"]?.servers.length, 2);
  });
}

test("what can't be written is told once, counted, and told again when it is written", async (t) => {
  const directory = directoryOf(t);
  const clock = new FakeClock(Date.now());
  const logger = new FakeLogger();
  const journal = new Journal(clock, logger);
  const timeline = new Timeline(clock.now(), logger);
  timeline.follow(journal);
  logJournal(journal, Object.assign(logger, { child: () => logger }));
  const memory = new Memory({
    directory,
    maxAgeMs: HOUR_MS,
    pools: () => new Map(),
    timeline,
    journal,
    clock,
    logger,
    instance: "test",
    revive: () => undefined,
    configHash: () => "hash",
  });
  memory.open();
  memory.keep();
  rmSync(directory, { recursive: true });
  await clock.advance(1_000);
  await until(() => memory.status().writeFailures === 1);
  await clock.advance(5_000);
  await until(() => memory.status().writeFailures === 2);
  mkdirSync(directory);
  await clock.advance(10_000);
  await until(() => memory.status().lastWriteAt !== undefined);
  const told = timeline.events().map(({ event }) => [event.kind, event["reason"] ?? event["lasted_ms"]]);
  assert.deepEqual(told, [
    ["state-write-failed", "no such file"],
    ["state-write-recovered", 15_000],
  ]);
  assert.deepEqual(
    logger.lines.map(({ level }) => level),
    ["warn", "info"],
  );
  await memory.close();
  assert.equal(clock.pending, 0);
});

test("without a directory nothing is kept", async (t) => {
  const agent = await startedAgent(t, { pools: { web: WEB } });
  await push(agent, TWO);
  const { text } = await ask(agent.http, "/metrics");
  assert.match(text, /^headwaiter_state_file_last_write_timestamp_seconds 0$/m);
  assert.match(text, /^headwaiter_state_file_write_failures_total 0$/m);
});
