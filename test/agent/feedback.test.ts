/** Reports of failures over HTTP, from the request to the head. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { until } from "../../scripts/lab/until.ts";
import { CheckLimit, SourceLimits } from "../../src/core/feedback.ts";
import { startedAgent } from "../support/agent-in-process.ts";
import { ask } from "../support/http-client.ts";
import { scriptedServer } from "../support/scripted-server.ts";

test("10,000 reports a second of 1,000 sources: each has its share, and the pool's checks stay bounded", () => {
  const sources = new SourceLimits();
  const checks = new CheckLimit();
  let taken = 0;
  let asked = 0;
  for (let at = 0; at < 10_000; at += 0.1) {
    if (sources.take(`10.0.${Math.round(at * 10) % 1_000}`, at) === 0) {
      taken += 1;
      asked += checks.take({ numNodes: 10, numServers: 3 }, at) === 0 ? 1 : 0;
    }
  }
  assert.ok(taken >= 10_000 && taken <= 1_000 * 15, String(taken));
  assert.ok(asked >= 40 && asked <= 5 * 10 + 5, String(asked));
  for (let source = 0; source < 20_000; source += 1) {
    sources.take(`s${source}`, 10_000);
  }
  assert.equal(sources.size, 10_000);
});

test("in a large fleet the checks are as far apart as pings, without a burst", () => {
  const checks = new CheckLimit();
  const fleet = { numNodes: 10_000, numServers: 5 };
  assert.equal(checks.take(fleet, 0), 0);
  assert.equal(checks.take(fleet, 1), 3_999);
  assert.equal(checks.take(fleet, 4_000), 0);
});

test("verdicts and refusals", async (t) => {
  const servers = [await scriptedServer(t, () => undefined), await scriptedServer(t, () => undefined)];
  const addresses = servers.map(({ port }) => `127.0.0.1:${port}`);
  const { agent, http } = await startedAgent(t, {
    pools: {
      web: { servers: addresses, heartbeat: "none", backups: null, ping: "tcp" },
      quiet: { servers: ["[::1]:9"], heartbeat: "none", backups: null, ping: "none" },
    },
  });
  await until(() => [...agent.heads().values()].every((each) => each !== undefined));
  const head = agent.heads().get("web");
  const other = addresses.find((address) => address !== head);
  const report = async (path: string, body?: string) => {
    const reply = await ask(http, `/v1/pools/${path}/failed`, {
      method: "POST",
      ...(body !== undefined && { body }),
    });
    return [reply.status, reply.json() as Record<string, unknown>, reply.headers["retry-after"]] as const;
  };
  const [status, refuted] = await report(`web/servers/${head}`, '{"reason":"timeout","client":"web-7"}');
  assert.deepEqual([status, refuted["verdict"], refuted["head"]], [200, "refuted", head]);
  assert.equal(agent.heads().get("web"), head);
  const [notHead, noted] = await report(`web/servers/${other}`);
  assert.deepEqual([notHead, noted["verdict"], noted["checked_ms"]], [202, "noted", null]);
  const [unasked, quiet] = await report(`quiet/servers/${encodeURIComponent("[::1]:9")}`);
  assert.equal(unasked, 202);
  assert.match(String(quiet["text"]), /ping: none/);
  assert.equal((await report("web/servers/10.9.9.9:1"))[1]["code"], "unknown-server");
  assert.equal((await report("none/servers/10.9.9.9:1"))[1]["code"], "unknown-pool");
  assert.equal((await report("web/servers/a:1", '{"who":"x"}'))[1]["code"], "bad-body");
  assert.equal((await report("web/servers/a:1", '{"client":"\\u001b"}'))[1]["code"], "bad-body");
  await report("web/servers/a:1");
  const [, limited, retryAfter] = await report("web/servers/a:1");
  assert.deepEqual([limited["code"], retryAfter], ["rate-limited", "1"]);
});

/** Goes on with the connections that it has, and lets nobody in from `close` on. */
async function closingServer(t: TestContext) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined).resume());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.close();
    for (const socket of sockets) {
      socket.destroy();
    }
  });
  const { port } = server.address() as AddressInfo;
  return { address: `127.0.0.1:${port}`, sockets, close: () => server.close() };
}

test("a head that serves the connections it has, and lets nobody in: confirmed, and the next one is head", async (t) => {
  const servers = [await closingServer(t), await closingServer(t)];
  const web = { servers: servers.map(({ address }) => address), ping: "tcp", backups: null };
  const { agent, http } = await startedAgent(t, { pools: { web } });
  await until(() => servers.every(({ sockets }) => sockets.size === 1));
  const head = agent.heads().get("web") ?? assert.fail();
  const [next] = web.servers.filter((address) => address !== head);
  servers.find(({ address }) => address === head)?.close();
  const body = JSON.stringify({ reason: "connection refused", client: "web-7" });
  const reply = await ask(http, `/v1/pools/web/servers/${head}/failed`, { method: "POST", body });
  const { checked_ms: checkedMs, head: now, verdict } = reply.json() as Readonly<Record<string, unknown>>;
  assert.deepEqual([reply.status, verdict, now, typeof checkedMs], [200, "confirmed", next, "number"]);
  assert.equal(agent.heads().get("web"), next);
  const { because } = (await ask(http, "/v1/pools/web/explain")).json() as { because: { code: string }[] };
  assert.equal(because[0]?.code, "became-head.feedback");
  const [told] = (await ask(http, "/v1/events?kind=feedback")).json() as {
    verdict: string;
    client: string;
  }[];
  assert.deepEqual([told?.verdict, told?.client], ["confirmed", "web-7"]);
});

test("other settings while the head is asked: the check ends, and whoever reported the head is told to try again", async (t) => {
  const silent = await scriptedServer(t, (socket) => socket.resume());
  const web = { servers: [silent.address], ping: "nomad", heartbeat: "none", backups: null };
  const slow = { pools: { web: { ...web, health: { timeout: "30s" } } } };
  const { agent, http, write } = await startedAgent(t, slow);
  await until(() => agent.heads().get("web") !== undefined && silent.accepted() > 0);
  const before = silent.accepted();
  const path = `/v1/pools/web/servers/${silent.address}/failed`;
  const reported = ask(http, path, { method: "POST" });
  await until(() => silent.accepted() > before);
  write({ pools: { web: { ...web, ping: "none" } } });
  assert.equal((await ask(http, "/v1/agent/reload", { method: "POST" })).status, 200);
  const { verdict, text } = (await reported).json() as Record<string, unknown>;
  assert.deepEqual([verdict, text], ["noted", "it could not be asked: report it again"]);
});

test("programs that disagree with the agent about a head are a problem of the status", async (t) => {
  const server = await scriptedServer(t, (socket) => socket.resume());
  const second = await scriptedServer(t, (socket) => socket.resume());
  const web = { servers: [server.address, second.address], ping: "tcp", backups: null };
  const { agent, http } = await startedAgent(t, { pools: { web } });
  await until(() => agent.heads().get("web") !== undefined);
  const head = agent.heads().get("web") ?? "";
  const problems = async () =>
    ((await ask(http, "/v1/agent/status")).json() as { problems: { code: string }[] }).problems;
  for (const client of ["a", "b", "c"]) {
    assert.deepEqual(await problems(), []);
    const body = JSON.stringify({ client });
    const reply = await ask(http, `/v1/pools/web/servers/${head}/failed`, { method: "POST", body });
    assert.equal((reply.json() as { verdict: string }).verdict, "refuted");
  }
  assert.deepEqual(
    (await problems()).map(({ code }) => code),
    ["clients-disagree"],
  );
  assert.equal(agent.heads().get("web"), head);
});
