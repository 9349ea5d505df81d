/** The agent, and servers that are known by one name with several addresses. */
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { decode, encode } from "dns-packet";
import { until } from "../../scripts/lab/until.ts";
import { StandInServer } from "../../src/dev/stand-in-server.ts";
import { startedAgent } from "../support/agent-in-process.ts";
import { ScriptedNameserver } from "../support/scripted-nameserver.ts";
import { askAnyUdp } from "../views/dns/dns-client.ts";

const NAME = "servers.example";
const PATIENCE_MS = 10_000;

/** Stand-in servers on one port of several loopback addresses, IPv4 before IPv6, as a resolver gives them. */
async function machines(
  t: TestContext,
  hosts: readonly string[],
): Promise<ReadonlyMap<string, StandInServer>> {
  for (let tries = 0; ; tries++) {
    const servers = new Map<string, StandInServer>();
    try {
      let port = 0;
      for (const host of hosts) {
        const server = new StandInServer({ host, port, view: { leader: "" } });
        await server.start();
        servers.set(host, server);
        port = Number(server.address.split(":").at(-1));
      }
      t.after(() => Promise.all([...servers.values()].map((server) => server.stop())));
      return servers;
    } catch (error) {
      await Promise.all([...servers.values()].map((server) => server.stop()));
      if (tries === 20) {
        throw error;
      }
    }
  }
}

/** An agent whose one configured server is the name, and what it answers. */
async function agentOf(t: TestContext, servers: ReadonlyMap<string, StandInServer>, pool: object = {}) {
  /** What the name server says, in this order. */
  const named = { addresses: [...servers.keys()], asked: 0 };
  const nameserver = await ScriptedNameserver.start(({ bytes }, send) => {
    const { id = 0, questions = [] } = decode(bytes);
    const type = questions[0]?.type;
    named.asked += 1;
    const fitting = named.addresses.filter((address) => address.includes(":") === (type === "AAAA"));
    const answers = fitting.map((data) => ({ type: type as "A" | "AAAA", name: NAME, ttl: 0, data }));
    send(encode({ type: "response", id, questions, answers }));
  });
  t.after(() => nameserver.stop());
  const port = [...servers.values()][0]?.address.split(":").at(-1) ?? "";
  const values = {
    dns: { nameservers: [`127.0.0.1:${nameserver.port}`] },
    pools: {
      web: { servers: [`${NAME}:${port}`], backups: null, heartbeat: "none", ping: "nomad", ...pool },
    },
  };
  const { agent, logger, dns } = await startedAgent(t, values);
  const ask = async (type: "A" | "AAAA" | "SRV" | "TXT", name: string) => {
    const query = encode({
      type: "query",
      id: 1,
      questions: [{ type, name: `${name}.headwaiter.internal` }],
    });
    return decode((await askAnyUdp(dns, query, PATIENCE_MS)) ?? assert.fail("no answer"));
  };
  const dataOf = (records: readonly object[] | undefined) =>
    (records ?? []).map((record) => ("data" in record ? String(record.data) : ""));
  return {
    named,
    head: () => agent.heads().get("web"),
    said: () =>
      logger.lines
        .filter(({ message }) => message.startsWith("an address"))
        .map(({ level, fields, message }) => ({ level, ...fields, message })),
    /** By the pool's name, both families, and by the additional sections of its SRV records: sorted, each once. */
    given: async () => {
      const [a, aaaa] = [await ask("A", "web"), await ask("AAAA", "web")];
      const [head, list] = [await ask("SRV", "_web._tcp"), await ask("SRV", "_web._tcp.all")];
      const byName = [...dataOf(a.answers), ...dataOf(aaaa.answers)];
      return [byName, dataOf(head.additionals), dataOf(list.additionals)].map((found) =>
        found.toSorted().join(" "),
      );
    },
    why: async () => dataOf((await ask("TXT", "web")).answers).join(" "),
  };
}

type Bench = Awaited<ReturnType<typeof agentOf>>;

async function gives(agent: Bench, addresses: readonly string[]): Promise<void> {
  const wanted = addresses.toSorted().join(" ");
  await until(async () => (await agent.given()).every((found) => found === wanted));
}

const HOSTS = ["127.0.0.1", "127.0.0.2", "127.0.0.3"] as const;

suite("one name with several addresses", { concurrency: 4 }, () => {
  for (const index of [0, 1, 2]) {
    test(`address ${index + 1} of 3 dies: it is given to nobody, TXT and the log say why, until it is back`, async (t) => {
      const servers = await machines(t, HOSTS);
      const agent = await agentOf(t, servers);
      await gives(agent, HOSTS);
      const dead = HOSTS[index] ?? assert.fail();
      await servers.get(dead)?.stop();
      const others = HOSTS.filter((host) => host !== dead);
      await gives(agent, others);
      assert.match(
        await agent.why(),
        new RegExp(`addresses=${others.join(" ")}.*silent=${dead}: connection refused`),
      );
      const { asked } = agent.named;
      agent.named.addresses = [...HOSTS].toReversed();
      await until(() => agent.named.asked >= asked + 4);
      assert.deepEqual(new Set(await agent.given()), new Set([others.join(" ")]));
      const fields = { server: agent.head(), address: dead };
      const [said] = agent.said();
      assert.equal(said?.level, "warn");
      assert.deepEqual({ ...said, ...fields, reason: "connection refused" }, said);
      await servers.get(dead)?.start();
      await gives(agent, HOSTS);
      assert.equal(agent.said().at(-1)?.message, "an address of the server answers again");
    });
  }

  test("an address that hangs is given to nobody, and the name stays head", async (t) => {
    const servers = await machines(t, HOSTS);
    const agent = await agentOf(t, servers);
    await gives(agent, HOSTS);
    servers.get(HOSTS[0])?.misbehave({ kind: "silence" });
    await gives(agent, HOSTS.slice(1));
    assert.match(await agent.why(), /silent=127\.0\.0\.1: no answer/);
    assert.ok(agent.head()?.startsWith(NAME));
  });

  test("both families count: with IPv4 dead the name has IPv6 addresses only", async (t) => {
    const servers = await machines(t, ["127.0.0.1", "::1"]);
    const agent = await agentOf(t, servers);
    await gives(agent, ["127.0.0.1", "::1"]);
    await servers.get("127.0.0.1")?.stop();
    await gives(agent, ["::1"]);
    await servers.get("127.0.0.1")?.start();
    await servers.get("::1")?.stop();
    await gives(agent, ["127.0.0.1"]);
  });

  test("when all are dead all are given, and the first that comes back alone", async (t) => {
    const servers = await machines(t, HOSTS);
    const agent = await agentOf(t, servers);
    await gives(agent, HOSTS);
    for (const server of servers.values()) {
      await server.stop();
    }
    await gives(agent, HOSTS);
    await servers.get(HOSTS[1])?.start();
    await gives(agent, [HOSTS[1]]);
  });

  test("of an address of another region the others are given; the name is used", async (t) => {
    const servers = await machines(t, HOSTS);
    servers.get(HOSTS[0])?.know({ region: "eu" });
    const agent = await agentOf(t, servers);
    await gives(agent, HOSTS.slice(1));
    assert.match(await agent.why(), /silent=127\.0\.0\.1: .*No path to region/);
  });

  test("a name that has an address more is watched at that one, too", async (t) => {
    const servers = await machines(t, HOSTS);
    const agent = await agentOf(t, servers, { ping: "tcp" });
    agent.named.addresses = [HOSTS[0]];
    await gives(agent, [HOSTS[0]]);
    await servers.get(HOSTS[2])?.stop();
    agent.named.addresses = [...HOSTS];
    await gives(agent, HOSTS.slice(0, 2));
  });
});
