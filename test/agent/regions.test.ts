/** The agent, servers that answer as real ones do, and a Consul that names them all. */
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { decode, encode } from "dns-packet";
import { until } from "../../scripts/lab/until.ts";
import { StandInServer } from "../../src/dev/stand-in-server.ts";
import type { StandInView } from "../../src/dev/stand-in-view.ts";
import { startedAgent } from "../support/agent-in-process.ts";
import { ScriptedConsul } from "../support/scripted-consul.ts";
import { askAnyUdp } from "../views/dns/dns-client.ts";

const PATIENCE_MS = 10_000;
/** One that knows no other region. */
const EU: Partial<StandInView> = { region: "eu" };

async function standIn(t: TestContext, view: Partial<StandInView>): Promise<StandInServer> {
  const server = new StandInServer({ view });
  t.after(() => server.stop());
  await server.start();
  const { region } = server.view;
  server.know({
    members: [{ name: server.view.name, address: server.address, region }],
    leader: server.address,
    ...view,
  });
  return server;
}

/** An agent of region `global`, and what can be seen of it. */
async function agentOf(t: TestContext, pool: object, servers: readonly StandInServer[]) {
  const consul = await ScriptedConsul.start(t);
  for (const [index, { address }] of servers.entries()) {
    const body = {
      ID: `s${index}`,
      Name: "nomad",
      Tags: ["rpc"],
      Address: "127.0.0.1",
      Check: { Status: "passing" },
      Port: Number(address.split(":")[1]),
    };
    await fetch(`${consul.address}/v1/agent/service/register`, { method: "PUT", body: JSON.stringify(body) });
  }
  const values = { consul: { address: consul.address }, pools: { nomad: pool } };
  const { agent, logger, dns, http } = await startedAgent(t, values);
  return {
    head: () => agent.heads().get("nomad"),
    loud: () => logger.lines.filter(({ level }) => level === "warn" || level === "error"),
    ready: async () => {
      const reply = await fetch(`http://${http}/v1/agent/ready`);
      return {
        status: reply.status,
        ...((await reply.json()) as { warnings: readonly { message: string }[] }),
      };
    },
    ports: async (name: string) => {
      const query = encode({
        type: "query",
        id: 1,
        questions: [{ type: "SRV", name: `${name}.headwaiter.internal` }],
      });
      const reply = decode((await askAnyUdp(dns, query, PATIENCE_MS)) ?? assert.fail("no answer"));
      const answers = (reply.answers ?? []).map((answer) => (answer.type === "SRV" ? answer.data.port : 0));
      return (reply as { rcode?: string }).rcode === "SERVFAIL" ? "SERVFAIL" : answers;
    },
  };
}

const portOf = ({ address }: StandInServer) => Number(address.split(":")[1]);

suite("an agent of region global", () => {
  for (const pool of [{}, { ping: "tcp" }, { heartbeat: "none" }]) {
    test(`and servers of eu alone, ${JSON.stringify(pool)}: no head, not ready, and one line says why`, async (t) => {
      const servers = await Promise.all([standIn(t, EU), standIn(t, EU), standIn(t, EU)]);
      const agent = await agentOf(t, pool, servers);
      await until(async () =>
        (await agent.ready()).warnings.some(({ message }) => / no server is left/.test(message)),
      );
      assert.equal(agent.head(), undefined);
      const { status, warnings } = await agent.ready();
      assert.equal(status, 503);
      for (const { address } of servers) {
        assert.ok(warnings[0]?.message.includes(address));
      }
      assert.equal(await agent.ports("_nomad._tcp"), "SERVFAIL");
      assert.equal(await agent.ports("_nomad._tcp.all"), "SERVFAIL");
      await until(() => servers.every((server) => server.requestCount("Status.Leader") > 2));
      const said = agent.loud().map(({ message }) => message);
      assert.deepEqual(said, ["server does not serve our region: not used"]);
    });
  }

  test("uses of a mixed list the right ones only, also when they fail, and one that comes right", async (t) => {
    const [wrong, right, alsoWrong] = await Promise.all([standIn(t, EU), standIn(t, {}), standIn(t, EU)]);
    const agent = await agentOf(t, { heartbeat: "none" }, [wrong, right, alsoWrong]);
    await until(async () => String(await agent.ports("_nomad._tcp.all")) === String(portOf(right)));
    assert.equal(agent.head(), right.address);
    wrong.know({ region: "global" });
    await right.stop();
    await until(() => agent.head() === wrong.address);
    assert.deepEqual(await agent.ports("_nomad._tcp"), [portOf(wrong)]);
  });

  test("learns its servers from one of another region that knows them, and does not use that one", async (t) => {
    const right = await standIn(t, {});
    const members = [{ name: "s1", address: right.address, region: "global" }];
    const bridge = await standIn(t, { ...EU, members, leader: right.address });
    const agent = await agentOf(t, {}, [bridge]);
    await until(() => agent.head() === right.address);
    await until(async () => String(await agent.ports("_nomad._tcp.all")) === String(portOf(right)));
    assert.equal((await agent.ready()).status, 200);
  });

  test("uses a server too old to tell its region, or whose ACLs forbid it", async (t) => {
    for (const view of [{ generation: "0.4" } as const, { token: "secret" }]) {
      const server = await standIn(t, view);
      const agent = await agentOf(t, {}, [server]);
      await until(() => agent.head() === server.address);
      await until(() => server.requestCount("Status.Members") > 0);
      assert.equal((await agent.ready()).status, 200);
      assert.deepEqual(agent.loud(), []);
    }
  });
});
