/** Servers that die, hang and come back, as processes: the agent's answer names one that lives. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { AgentProcess } from "../scripts/lab/agent-process.ts";
import { DnsAsker } from "../scripts/lab/dns-asker.ts";
import { type ServerProcess, serverAt, startServers } from "../scripts/lab/server-process.ts";
import { untilSeen } from "../scripts/lab/until.ts";
import type { StandInFault } from "../src/dev/stand-in-session.ts";

const HEAD = "_nomad._tcp";
const ALL = "_nomad._tcp.all";

/** Milliseconds; the figures to beat are in docs/health.md, this only tells right from wrong on a busy machine. */
const AFTER_CRASH_MS = 1_000;
const AFTER_STOP_MS = 3_000;

/**
 * Why a head that hangs fails: the next server's answer shows it, or the time limit of a ping where that answer is
 * late, too, or where the head hangs before its first answer.
 */
const HANGS =
  /^no answer (within \d+ ms( \(usually [\d.]+ ms\))?, asked twice, while 127\.0\.0\.1:\d+ answered in [\d.]+ ms|to Status\.(Ping|Leader) within \d+ ms)$/;

interface Stage extends AsyncDisposable {
  readonly servers: readonly ServerProcess[];
  readonly agent: AgentProcess;
  /** The servers in the order of the list. */
  order(): Promise<readonly ServerProcess[]>;
}

/** Servers that know each other, and an agent that lists them all. */
async function stage(settings: object = {}, size = 3): Promise<Stage> {
  const cluster = await startServers(size);
  const { servers } = cluster;
  const pool = { servers: cluster.addresses, backups: null, ...settings };
  const agent = await AgentProcess.start({ pools: { nomad: pool } });
  await untilSeen(
    "all servers are listed",
    10_000,
    () => agent.srv(ALL),
    (listed) => listed.length === size,
  );
  return {
    servers,
    agent,
    order: async () => (await agent.srv(ALL)).map((address) => serverAt(servers, address)),
    [Symbol.asyncDispose]: async () => {
      await agent[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

async function headIs(agent: AgentProcess, wanted: ServerProcess, withinMs: number): Promise<void> {
  const pleases = ([head]: readonly string[]) => head === wanted.address;
  await untilSeen(`the head is ${wanted.address}`, withinMs, () => agent.srv(HEAD), pleases);
}

function failures({ log }: AgentProcess): readonly string[] {
  return log.filter(({ msg }) => msg.startsWith("server failed")).map(({ reason }) => String(reason));
}

suite("a head that dies", () => {
  test("crashed five times in a row, the next server is named each time", async () => {
    // A crash closes the connection: no ping has to be late, and none is late on a busy machine.
    await using on = await stage({ health: { timeout: "10s" } });
    for (let crash = 1; crash <= 5; crash++) {
      const [head, next] = await on.order();
      head?.kill();
      await headIs(on.agent, next as ServerProcess, AFTER_CRASH_MS);
      await head?.restart();
    }
    const told = () => failures(on.agent).length;
    await untilSeen("each crash is told", AFTER_STOP_MS, told, (crashes) => crashes >= 5);
    assert.equal(told(), 5);
  });

  test("stopped, it accepts connections and answers nothing: the next server is named, and stays when it goes on", async () => {
    await using on = await stage();
    const [head, next] = await on.order();
    head?.pause();
    await headIs(on.agent, next as ServerProcess, AFTER_STOP_MS);
    head?.resume();
    // The answer may be faster than the line of the log.
    await untilSeen(
      "the agent says why",
      AFTER_STOP_MS,
      () => failures(on.agent),
      ({ length }) => length > 0,
    );
    assert.match(failures(on.agent)[0] ?? "", HANGS);
    assert.equal(await staysHead(on.agent, after(AFTER_STOP_MS)), next?.address);
  });

  test("with the next one at once: the third is named", async () => {
    await using on = await stage();
    const [head, next, third] = await on.order();
    next?.kill();
    head?.kill();
    await headIs(on.agent, third as ServerProcess, AFTER_CRASH_MS);
  });

  test("again and again: it is not chosen while its penalty lasts, others are", async () => {
    const rebalance = { min_reuse: "100ms", jitter: "0s" };
    await using on = await stage({ rebalance });
    const [flapping, ...others] = await on.order();
    flapping?.kill();
    // A rebalance may have taken another head just before: then its death is seen once it is the next server.
    await untilSeen(
      "its death is noticed, which is its penalty",
      AFTER_STOP_MS,
      () => on.agent.log.filter(({ server }) => server === flapping?.address),
      (lines) => lines.some(({ msg }) => /^servers? failed|^the next server is down/.test(msg)),
    );
    await flapping?.restart();
    const seen = new Set<ServerProcess | undefined>();
    await untilSeen(
      "rebalances choose each of the others",
      10_000,
      async () => seen.add((await on.order())[0]),
      () => others.every((other) => seen.has(other)) && on.agent.log.filter(isRebalance).length >= 10,
    );
    assert.ok(!seen.has(flapping));
  });
});

suite("many servers that stop together", () => {
  test("20 of 24: one that lives is named soon, and no row of dead ones before it", async () => {
    await using on = await stage({}, 24);
    const order = await on.order();
    const [stopped, live] = [order.slice(0, 20), order.slice(20)];
    const from = on.agent.log.length;
    for (const server of stopped) {
      server.pause();
    }
    const lives = live.map(({ address }) => address);
    const namesLive = ([head = ""]: readonly string[]) => lives.includes(head);
    const tookMs = await untilSeen("the head lives", AFTER_STOP_MS, () => on.agent.srv(HEAD), namesLive);
    const isLive = ({ head }: { readonly [field: string]: unknown }) => lives.includes(String(head));
    const heads = () => on.agent.log.slice(from).filter(({ msg }) => msg === "new head");
    await untilSeen("the log names it, too", AFTER_STOP_MS, heads, (lines) => lines.some(isLive));
    const named = heads();
    assert.ok(named.length <= 3, `${named.length} heads in ${tookMs} ms`);
    assert.ok(named.filter((line) => !isLive(line)).length <= 2);
    for (const server of stopped) {
      server.resume();
    }
  });
});

function isRebalance({ occurrence }: { readonly [field: string]: unknown }): boolean {
  return occurrence === "rebalanced";
}

suite("all servers dead", () => {
  test("the list stays, one line says so, and any one that comes back is named", async () => {
    await using on = await stage();
    for (const survivor of on.servers) {
      const before = on.agent.log.length;
      const says = () => on.agent.log.slice(before).filter(({ level }) => level === "error");
      const isBack = () => on.agent.log.slice(before).some(({ msg }) => msg === "a server answers again");
      for (const server of on.servers) {
        server.kill();
      }
      await untilSeen("the agent says so", AFTER_STOP_MS, says, (lines) => lines.length > 0);
      assert.equal((await on.order()).length, 3);
      await survivor.restart();
      // It may have been the head all along: the answer alone does not tell that the outage is over.
      await untilSeen("the agent notices that one is back", AFTER_STOP_MS, isBack, Boolean);
      await headIs(on.agent, survivor, AFTER_STOP_MS);
      assert.equal(says().length, 1);
      await Promise.all(on.servers.filter((server) => server !== survivor).map((server) => server.restart()));
    }
  });
});

suite("servers that live", () => {
  test("restarted one after the other, every question gets an answer, and none names a server that is long dead", async () => {
    await using on = await stage();
    const name = `${HEAD}.headwaiter.internal`;
    const deadSince = new Map<number, number>();
    const wrong: string[] = [];
    const asker = await DnsAsker.start({ address: on.agent.dnsAddress, name, perSecond: 200 }, (reply) => {
      const [port = 0] = reply.ports;
      if (reply.ports.length !== 1) {
        wrong.push(`${reply.ports.length} servers`);
      } else if (reply.at - (deadSince.get(port) ?? reply.at) > AFTER_CRASH_MS) {
        wrong.push(`port ${port}, dead`);
      }
    });
    for (const server of on.servers) {
      deadSince.set(server.port, performance.now());
      await server.end();
      await sleep(AFTER_CRASH_MS * 1.2);
      await server.restart();
      deadSince.delete(server.port);
    }
    asker.stop();
    await untilSeen(
      "all are answered",
      2_000,
      () => asker.counts,
      ({ sent, answered }) => sent === answered,
    );
    asker.close();
    assert.deepEqual(wrong, []);
    assert.ok(asker.counts.sent > 100);
  });
});

suite("servers that answer, if badly", { concurrency: true }, () => {
  const harmless: readonly [string, StandInFault][] = [
    ["with application errors", { kind: "application-error", message: "No cluster leader" }],
    ["slowly, but within the timeout", { kind: "late", delayMs: 250 }],
    ["in halves", { kind: "two-halves", delayMs: 150 }],
  ];
  for (const [how, fault] of harmless) {
    test(`${how}, keep their place through pings and heartbeats`, async () => {
      await using on = await stage();
      const [head] = await on.order();
      // The head last: while the next server answers as ever, a slow head may be taken for one that hangs.
      await Promise.all(
        on.servers.filter((server) => server !== head).map((server) => server.misbehave(fault)),
      );
      await head?.misbehave(fault);
      const servers = on.servers.map(({ address }) => address);
      // Its first heartbeat comes while the servers misbehave.
      const health = { timeout: "2s" };
      await using second = await AgentProcess.start({ pools: { nomad: { servers, backups: null, health } } });
      const longEnough = after(3_000);
      const isEnough = () => longEnough() && second.log.some(({ msg }) => msg.includes("heartbeat"));
      const watched = Promise.all([staysHead(second, isEnough), staysHead(on.agent, isEnough)]);
      const [, named] = await watched;
      assert.deepEqual([...failures(on.agent), ...failures(second)], []);
      assert.equal(named, head?.address);
    });
  }
});

/** Whether this time has passed. */
function after(durationMs: number): () => boolean {
  const endsAt = performance.now() + durationMs;
  return () => performance.now() >= endsAt;
}

/** The one head that is named until that is enough. */
async function staysHead(agent: AgentProcess, isEnough: () => boolean): Promise<string> {
  const named = new Set<string>();
  await untilSeen(
    "a head is named",
    2_000,
    () => agent.srv(HEAD),
    ({ length }) => length === 1,
  );
  await untilSeen(
    "one head was named all the time",
    60_000,
    async () => named.add((await agent.srv(HEAD)).join(" ")),
    () => isEnough(),
  );
  assert.equal(named.size, 1, [...named].join(", "));
  return [...named].join("");
}
