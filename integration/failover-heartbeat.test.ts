/**
 * Where the primaries come from: heartbeats of servers, pushed ones, names. One agent per test, all at the same time.
 */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { suite, test } from "node:test";
import { decode, encode } from "dns-packet";
import { AgentProcess, type LogLine } from "../scripts/lab/agent-process.ts";
import { ServerProcess, startServers } from "../scripts/lab/server-process.ts";
import { untilSeen } from "../scripts/lab/until.ts";
import { ScriptedConsul } from "../test/support/scripted-consul.ts";
import { scriptedServer } from "../test/support/scripted-server.ts";

/** The first comes within 10 s, then one every 10 to 20 s; whoever waits for one has room for a busy machine. */
const NEXT_HEARTBEAT_MS = 30_000;

/** For what takes milliseconds on a quiet machine: beside busy processes a server that lives may answer late, too. */
const BUSY_MACHINE_MS = 15_000;

/** A head that names no leader is left at the second heartbeat that says so, 16 s after the first. */
const MINORITY_LEFT_MS = NEXT_HEARTBEAT_MS + 16_000;

/** Nobody listens there (RFC 863's discard port). */
const DEAD = "127.0.0.1:9";

function sorted(addresses: readonly string[]): string {
  return addresses.toSorted().join(" ");
}

async function listIs(agent: AgentProcess, wanted: readonly string[], withinMs: number): Promise<void> {
  const see = async () => sorted(await agent.srv("_nomad._tcp.all"));
  await untilSeen(`the list is ${sorted(wanted)}`, withinMs, see, (seen) => seen === sorted(wanted));
}

function logged(agent: AgentProcess, pattern: RegExp): readonly LogLine[] {
  return agent.log.filter(({ msg }) => pattern.test(msg));
}

async function push(agent: AgentProcess, pool: string, body: object): Promise<void> {
  const reply = await fetch(`http://127.0.0.1:${agent.httpPort}/v1/pools/${pool}/heartbeat`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(reply.status, 200, await reply.text());
}

suite("heartbeats", { concurrency: true }, () => {
  test("of Nomad servers: ours are primaries, another datacenter's are backups, others stay out; then the list follows", async () => {
    await using started = await startServers(3);
    const { servers } = started;
    const [first, second, third] = servers as [ServerProcess, ServerProcess, ServerProcess];
    await using elsewhere = await ServerProcess.start();
    const members = [
      ...servers.map(({ address }, index) => ({ name: `s${index + 1}`, address })),
      { name: "elsewhere", address: elsewhere.address, datacenter: "dc2" },
      { name: "newer", address: "127.0.0.1:11", tags: { vsn: "2" } },
      { name: "abroad", address: "127.0.0.1:12", region: "other" },
      { name: "failed", address: "127.0.0.1:13", status: "failed" as const },
    ];
    await first.know({ members });
    const pools = { nomad: { servers: [first.address], backups: null } };
    await using agent = await AgentProcess.start({ pools });
    await listIs(agent, [...servers.map(({ address }) => address), elsewhere.address], NEXT_HEARTBEAT_MS);
    const heartbeat = await agent.untilLogged(/^first heartbeat$/, BUSY_MACHINE_MS);
    assert.equal(heartbeat["leader"], first.address);
    for (const server of servers) {
      server.kill();
    }
    await untilSeen(
      "the last resort is head",
      BUSY_MACHINE_MS,
      () => agent.txt("nomad"),
      (strings) => strings.includes(`head=${elsewhere.address}`),
    );
    assert.ok((await agent.txt("nomad")).includes("tier=backup"));
    await Promise.all([second.restart(), third.restart()]);
    // The head is asked next: what it says replaces what was.
    const now = [second, third].map(({ address }) => ({ name: address, address }));
    await Promise.all(
      [elsewhere, second, third].map((server) => server.know({ members: now, leader: second.address })),
    );
    await listIs(agent, [second.address, third.address], NEXT_HEARTBEAT_MS);
  });

  test("a head that names no leader, while another server names one, is replaced", async () => {
    await using started = await startServers(3);
    const { servers } = started;
    // Nobody is asked for a second opinion: on a busy machine a head that lives could seem to hang.
    const health = { standby: false, timeout: "10s" };
    const pools = { nomad: { servers: servers.map(({ address }) => address), backups: null, health } };
    await using agent = await AgentProcess.start({ pools });
    await untilSeen(
      "a heartbeat came",
      NEXT_HEARTBEAT_MS,
      () => logged(agent, /heartbeat$/),
      ({ length }) => length > 0,
    );
    const [head] = await agent.srv("_nomad._tcp");
    await servers.find(({ address }) => address === head)?.know({ leader: "" });
    await untilSeen(
      "the head changed",
      MINORITY_LEFT_MS,
      () => agent.srv("_nomad._tcp"),
      ([now]) => now !== undefined && now !== head,
    );
    const strings = await agent.txt("nomad");
    assert.ok(strings.includes("source=heartbeat"), strings.join(" "));
  });

  test("an idle agent holds at most two connections for each pool, through a heartbeat too", async (t) => {
    await using started = await startServers(3);
    const { servers } = started;
    const one = await scriptedServer(t, () => undefined);
    const two = await scriptedServer(t, () => undefined);
    const three = await scriptedServer(t, () => undefined);
    const tcp = [one, two, three];
    const addresses = servers.map(({ address }) => address);
    const web = tcp.map(({ endpoint }) => endpoint.key);
    // A busy machine makes no server fail, which would be dialled anew.
    const health = { timeout: "10s" };
    await using agent = await AgentProcess.start({
      pools: {
        nomad: { servers: addresses, backups: null, health },
        web: { servers: web, backups: null, health },
      },
    });
    const heartbeats = () => logged(agent, /heartbeat$/);
    // Each server is asked for its region once, up to a second after it came: the second heartbeat is 10 s after that.
    await untilSeen("two heartbeats came", 2 * NEXT_HEARTBEAT_MS, heartbeats, ({ length }) => length > 1);
    const pools = { nomad: portsOf(addresses), web: portsOf(web) };
    const connected = (ports: readonly number[]) =>
      portsConnectedBy(agent.pid).filter((port) => ports.includes(port));
    const tooMany: string[] = [];
    await untilSeen(
      "the next heartbeat came",
      NEXT_HEARTBEAT_MS,
      () => {
        for (const [pool, ports] of Object.entries(pools)) {
          const now = connected(ports);
          if (now.length > 2) {
            tooMany.push(`${pool}: ${now.join(" ")} after ${JSON.stringify(agent.log.at(-1))}`);
          }
        }
        return heartbeats();
      },
      ({ length }) => length > 2,
    );
    assert.deepEqual(tooMany, []);
    assert.equal(connected(pools.nomad).length, 2);
    assert.equal(connected(pools.web).length, 2);
    assert.equal(await agent.end("SIGTERM"), 0);
    const open = () => tcp.reduce((sum, { sockets }) => sum + sockets.size, 0);
    await untilSeen("all are closed", BUSY_MACHINE_MS, open, (sockets) => sockets === 0);
  });

  test("pushed ones make primaries; without one for three times its TTL, what Consul finds counts as primary", async (t) => {
    const consul = await new ScriptedConsul().listen();
    t.after(() => consul.close());
    const backup = await scriptedServer(t, () => undefined);
    const address = backup.endpoint.key;
    const [host, port] = address.split(":");
    await fetch(`${consul.address}/v1/agent/service/register`, {
      method: "PUT",
      body: JSON.stringify({
        ID: "b",
        Name: "web",
        Address: host,
        Port: Number(port),
        Check: { Status: "passing" },
      }),
    });
    const config = { consul: { address: consul.address }, pools: { web: { heartbeat: "push" } } };
    await using agent = await AgentProcess.start(config);
    const tierIs = (tier: string, withinMs: number) =>
      untilSeen(
        `${address} is a ${tier} and the head`,
        withinMs,
        () => agent.txt("web"),
        (strings) => strings.includes(`head=${address}`) && strings.includes(`tier=${tier}`),
      );
    await tierIs("backup", 10_000);
    const heartbeat = { servers: [{ address: DEAD }], leader: DEAD, ttl_seconds: 1 };
    const pushedAt = performance.now();
    await push(agent, "web", heartbeat);
    await tierIs("primary", 10_000);
    assert.ok(performance.now() - pushedAt >= 2_900, "not before three times the TTL");
    await push(agent, "web", { ...heartbeat, ttl_seconds: 60 });
    await tierIs("backup", 5_000);
    await push(agent, "web", { ...heartbeat, leader: "", ttl_seconds: 60 });
    await tierIs("primary", 5_000);
  });

  test("a server known by name is found when its name resolves, and followed when it fails and its name has moved", async () => {
    await using nameserver = await startNameserver();
    await using old = await ServerProcess.start("127.0.0.2");
    const pools = { nomad: { servers: [`one.example:${old.port}`], heartbeat: "none", backups: null } };
    const config = { dns: { address: "127.0.0.1:0", nameservers: [nameserver.address] }, pools };
    await using agent = await AgentProcess.start(config);
    await untilSeen(
      "the agent says so",
      10_000,
      () => logged(agent, /can't be used yet/),
      ({ length }) => length === 1,
    );
    nameserver.addresses.set("one.example", "127.0.0.2");
    const addressIs = (wanted: string, withinMs: number) =>
      untilSeen(
        `the address is ${wanted}`,
        withinMs,
        () => agent.a("nomad"),
        (seen) => seen.join() === wanted,
      );
    await addressIs("127.0.0.2", 15_000);
    await using moved = await ServerProcess.start(`127.0.0.3`, old.port);
    nameserver.addresses.set("one.example", moved.address.split(":")[0] ?? "");
    await old.end();
    await addressIs("127.0.0.3", 10_000);
    await untilSeen(
      "it answers there",
      5_000,
      () => logged(agent, /^a server answers again$/),
      ({ length }) => length === 1,
    );
  });

  test("agent --dev: nothing to install; heartbeats, answers, and on a signal a failover", async () => {
    const flags = ["--dev", "--region", "eu", "--datacenter", "dc7"];
    await using agent = await AgentProcess.start({ log: { level: "info", format: "json" } }, flags);
    await untilSeen(
      "three servers are listed",
      10_000,
      () => agent.srv("_nomad._tcp.all"),
      ({ length }) => length === 3,
    );
    await untilSeen(
      "a heartbeat shows",
      NEXT_HEARTBEAT_MS,
      () => logged(agent, /^first heartbeat$/),
      ({ length }) => length === 1,
    );
    for (let failover = 1; failover <= 4; failover++) {
      const [before] = await agent.srv("_nomad._tcp");
      agent.signal("SIGUSR2");
      await untilSeen(
        `failover ${failover}`,
        5_000,
        () => agent.srv("_nomad._tcp"),
        ([head]) => head !== undefined && head !== before,
      );
      assert.ok((await agent.txt("nomad")).includes("tier=primary"));
    }
    assert.equal(await agent.end("SIGTERM"), 0);
  });
});

/** The remote port of each established connection of this machine, at the side that opened it or accepted it. */
/** The ports that this process is connected to over TCP: others may be connected to the same ones. */
function portsConnectedBy(pid: number): readonly number[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`).match(/^socket:\[(\d+)\]$/)?.[1] ?? [];
      } catch {
        // It was closed between the two looks.
        return [];
      }
    }),
  );
  const byInode = new Map<string, number>();
  for (const line of readFileSync("/proc/net/tcp", "utf8").trim().split("\n").slice(1)) {
    const [, , remote = "", state, , , , , , inode = ""] = line.trim().split(/\s+/);
    if (state === "01" && sockets.has(inode)) {
      byInode.set(inode, Number.parseInt(remote.split(":")[1] ?? "", 16));
    }
  }
  return [...byInode.values()];
}

function portsOf(addresses: readonly string[]): readonly number[] {
  return addresses.map((address) => Number(address.split(":")[1]));
}

/** Answers what it was told, for an hour; any other name does not exist. */
async function startNameserver() {
  const addresses = new Map<string, string>();
  const socket = createSocket("udp4");
  socket.on("message", (message, peer) => {
    const { id, questions = [] } = decode(message);
    const [question] = questions;
    const address = addresses.get(question?.name ?? "");
    const answers =
      question?.type === "A" && address !== undefined
        ? [{ type: "A" as const, name: question.name, ttl: 3_600, data: address }]
        : [];
    const flags = 0x8580 | (address === undefined ? 3 : 0);
    socket.send(
      encode({ type: "response", id: id ?? 0, flags, questions, answers }),
      peer.port,
      peer.address,
    );
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    addresses,
    address: `127.0.0.1:${socket.address().port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(socket, "close");
      socket.close();
      await closed;
    },
  };
}
