/** A leader dies under a fleet: whose heads move, and where to. Virtual time, the timing of real servers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../../scripts/lab/seeded-random.ts";
import type { HeartbeatAnswer } from "../../../src/core/heartbeat.ts";
import { RpcProxy } from "../../../src/core/rpc-proxy.ts";
import { ConnectionPinger } from "../../../src/net/connection/connection-pinger.ts";
import { HealthMonitor } from "../../../src/sources/health/health-monitor.ts";
import { Penalties } from "../../../src/sources/health/penalties.ts";
import { AskedHeartbeats } from "../../../src/sources/heartbeat/asked-heartbeats.ts";
import { CONFIG, FakeClock, fakePorts } from "../../support/fake-ports.ts";
import { FakeServers } from "../../support/fake-servers.ts";
import { begin, end } from "../../support/lives.ts";

const SERVERS = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"] as const;
const [LEADER, NEXT_LEADER] = SERVERS;
const AGENTS = 30;

/**
 * Seen of real servers: a new leader 2.5 to 3.6 s after the old one died; a follower notices by then that it is gone.
 */
const UNNOTICED_MS = 2_000;
const ELECTION_MS = 5_000;

/** Three servers, of which the leader dies when it is told to. */
class Cluster {
  readonly servers: FakeServers;
  readonly #clock: FakeClock;
  #diedAt = Number.POSITIVE_INFINITY;

  constructor(clock: FakeClock) {
    this.#clock = clock;
    this.servers = new FakeServers(clock);
  }

  killLeader(): void {
    this.#diedAt = this.#clock.now();
    this.servers.kill(LEADER);
  }

  ask(key: string): Promise<HeartbeatAnswer> {
    const sinceMs = this.#clock.now() - this.#diedAt;
    if (key === LEADER && sinceMs >= 0) {
      return Promise.reject(new Error("connection refused"));
    }
    const leaderRpcAddr = sinceMs < UNNOTICED_MS ? LEADER : sinceMs < ELECTION_MS ? "" : NEXT_LEADER;
    // A follower that was nearer to the leader notices a second before the other one.
    const early = key === SERVERS[2] && sinceMs >= UNNOTICED_MS - 1_000 && sinceMs < UNNOTICED_MS;
    const servers = SERVERS.map((rpcAdvertiseAddr) => ({
      rpcAdvertiseAddr,
      rpcMajorVersion: 1,
      rpcMinorVersion: 0,
      datacenter: "dc1",
    }));
    return Promise.resolve({ servers, numNodes: AGENTS, leaderRpcAddr: early ? "" : leaderRpcAddr });
  }
}

async function agentOf(cluster: Cluster, clock: FakeClock, seed: number) {
  const random = seededRandom(seed);
  const pinger = new ConnectionPinger(cluster.servers, { timeoutMs: 500 });
  const ports = { ...fakePorts({ pinger, random }), clock };
  const proxy = new RpcProxy(ports, CONFIG);
  await proxy.refreshServerLists((await cluster.ask(SERVERS[2])).servers, AGENTS, LEADER);
  const health = new HealthMonitor(
    { ...ports, proxy, connector: cluster.servers, penalties: new Penalties(clock) },
    { intervalMs: 500, idleIntervalMs: 5_000, timeoutMs: 500, standby: true },
  );
  const heartbeat = new AskedHeartbeats({
    ...ports,
    proxy,
    contactChanged: () => undefined,
    query: ({ key }) => cluster.ask(key),
  });
  begin(health);
  begin(heartbeat);
  return {
    head: () => proxy.findServer()?.key ?? "none",
    /** Why a head moved since the list had so many changes. */
    rotations: (revision: number) =>
      proxy
        .history()
        .filter(({ revision: one, cause }) => one > revision && cause.occurrence === "server-failed"),
    revision: () => proxy.snapshot().revision,
    stop: () => Promise.all([end(health), end(heartbeat)]),
  };
}

test("30 agents, 3 servers, the leader killed at any time: no head that lives moves, and none to the dead one", async () => {
  const heads: string[] = [];
  for (let killAfterMs = 30_000; killAfterMs < 50_000; killAfterMs += 2_000) {
    const clock = new FakeClock();
    const cluster = new Cluster(clock);
    const agents = await Promise.all(
      Array.from({ length: AGENTS }, (_, agent) => agentOf(cluster, clock, killAfterMs + agent)),
    );
    await clock.advance(killAfterMs);
    const before = agents.map((agent) => ({ agent, head: agent.head(), revision: agent.revision() }));
    cluster.killLeader();
    await clock.advance(60_000);
    for (const { agent, head, revision } of before) {
      const moves = agent.rotations(revision);
      if (head === LEADER) {
        assert.notEqual(agent.head(), LEADER);
        assert.deepEqual(
          moves.map(({ cause }) => cause.source),
          ["health"],
          "once, because it died",
        );
      } else {
        assert.equal(agent.head(), head, `killed after ${killAfterMs} ms`);
        assert.deepEqual(moves, []);
      }
      await agent.stop();
    }
    heads.push(...before.map(({ head }) => head));
  }
  for (const server of SERVERS) {
    assert.ok(heads.filter((head) => head === server).length > heads.length / 5, "a third of the heads each");
  }
});
