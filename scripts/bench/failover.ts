/**
 * How long DNS goes on naming a server that is dead: this agent at its default settings, and beside it Consul's own DNS
 * with a TCP check every second, asked each millisecond, in the same run over the same servers.
 *
 *     npm run build && npm run bench:failover [-- --kills 100 --stops 100 --pairs 30]
 *
 * Measured from just before the signal to the arrival of the first answer after which none names the dead server. Ends
 * with 1 when a required figure is missed.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startDemoConsul } from "../demo-consul.ts";
import { AgentProcess } from "../lab/agent-process.ts";
import { consulDnsAddress } from "../lab/consul-dns-address.ts";
import { type ServerProcess, serverAt, startServers } from "../lab/server-process.ts";
import { DnsView } from "./failover-dns-view.ts";
import { cell, report, say } from "./failover-report.ts";
import { stopHeadsOfFleet } from "./failover-stops.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "100" },
    stops: { type: "string", default: "100" },
    pairs: { type: "string", default: "30" },
  },
});

const HEAD = "_nomad._tcp.headwaiter.internal";

/** Enough for one that was killed to be back, and passing in Consul, before its turn comes again. */
const SERVERS = 8;

/** Consul was measured at 0.7 s in the middle and never above 1.3 s for a killed server. */
const CONSUL_LIMIT_MS = 5_000;
const LIMIT_MS = 10_000;

const STOPS_BESIDE_CONSUL = 3;

/** A round has up to three new heads, and an agent takes one a second in the long run. */
const BETWEEN_PAIRS_MS = 3_000;

/** Sizes of a fleet with 3 servers: one that pings at the default interval, and one that pings every 133 ms. */
const FLEETS = [3, 200] as const;

async function agentFor(servers: readonly ServerProcess[]): Promise<AgentProcess> {
  const nomad = { servers: servers.map(({ address }) => address), backups: null };
  return await AgentProcess.start({ log: { level: "info" }, pools: { nomad } });
}

/** So that nothing that beats in a process is in step with the signals. */
function anyMoment(): Promise<void> {
  return sleep(Math.random() * 500);
}

/**
 * An open connection to the server: when the kernel closes it, the earliest moment at which anybody can know of a
 * crash.
 */
async function hold(port: number): Promise<Promise<number>[]> {
  const socket = connect({ host: "127.0.0.1", port });
  await once(socket, "connect");
  socket.write(Uint8Array.of(1));
  socket.resume();
  socket.on("error", () => undefined);
  // In an array, because a promise in a promise would be waited for.
  return [
    new Promise((resolve) =>
      socket.once("close", () => {
        resolve(performance.now());
      }),
    ),
  ];
}

interface Figures {
  /** Until a connection that was open when the signal was sent is closed; none for a server that is only stopped. */
  readonly closed: number[];
  readonly ours: number[];
  readonly consul: number[];
}

/** Kills the head again and again; both are watched until both have dropped it. */
async function killHeads(count: number, servers: readonly ServerProcess[], views: Views): Promise<Figures> {
  const figures: Figures = { closed: [], ours: [], consul: [] };
  for (let round = 0; round < count; round++) {
    await anyMoment();
    const head = serverAt(servers, `127.0.0.1:${await views.ours.head()}`);
    await views.consul.names(head.port, LIMIT_MS);
    const [closedAt = Promise.resolve(Number.NaN)] = await hold(head.port);
    const drops = [views.ours.drops([head.port], LIMIT_MS), views.consul.drops([head.port], CONSUL_LIMIT_MS)];
    const killedAt = performance.now();
    head.kill();
    const [ours = LIMIT_MS, consul = CONSUL_LIMIT_MS] = await Promise.all(drops);
    figures.closed.push((await closedAt) - killedAt);
    figures.ours.push(ours);
    figures.consul.push(consul);
    // A process that starts would take a core from the next round.
    await head.restart();
  }
  return figures;
}

interface Views {
  readonly ours: DnsView;
  readonly consul: DnsView;
}

/** Consul's check only connects, which a stopped process's kernel accepts: a few rounds say it. */
async function stopHeads(servers: readonly ServerProcess[], views: Views): Promise<Figures> {
  const figures: Figures = { closed: [], ours: [], consul: [] };
  for (let round = 0; round < STOPS_BESIDE_CONSUL; round++) {
    await anyMoment();
    const head = serverAt(servers, `127.0.0.1:${await views.ours.head()}`);
    await views.consul.names(head.port, LIMIT_MS);
    const drops = [views.ours.drops([head.port], LIMIT_MS), views.consul.drops([head.port], CONSUL_LIMIT_MS)];
    head.pause();
    const [ours = LIMIT_MS, consul] = await Promise.all(drops);
    head.resume();
    figures.ours.push(ours);
    figures.consul.push(consul ?? Number.POSITIVE_INFINITY);
  }
  return figures;
}

/** Of three servers the head and the next one, at once. */
async function killPairs(count: number): Promise<Figures> {
  await using cluster = await startServers(3);
  const { servers } = cluster;
  const figures: Figures = { closed: [], ours: [], consul: [] };
  await using agent = await agentFor(servers);
  using view = await DnsView.of(agent.dnsAddress, HEAD);
  for (let round = 0; round < count; round++) {
    await sleep(BETWEEN_PAIRS_MS);
    await anyMoment();
    const pair = (await agent.srv("_nomad._tcp.all"))
      .slice(0, 2)
      .map((address) => serverAt(servers, address));
    const closed = (await Promise.all(pair.map(({ port }) => hold(port)))).flat();
    const ports = pair.map(({ port }) => port);
    const drop = view.drops(ports, LIMIT_MS);
    const killedAt = performance.now();
    for (const server of pair) {
      server.kill();
    }
    figures.ours.push((await drop) ?? LIMIT_MS);
    figures.closed.push(Math.max(...(await Promise.all(closed))) - killedAt);
    await Promise.all(pair.map((server) => server.restart()));
  }
  return figures;
}

async function besideConsul(): Promise<{ crash: Figures; stop: Figures }> {
  await using cluster = await startServers(SERVERS);
  const { servers } = cluster;
  const consul = await startDemoConsul();
  try {
    const deregister = await consul.register(servers.map(({ address }) => address));
    await using agent = await agentFor(servers);
    using ours = await DnsView.of(agent.dnsAddress, HEAD);
    using theirs = await DnsView.of(await consulDnsAddress(consul.address), "_nomad._rpc.service.consul");
    const views = { ours, consul: theirs };
    const crash = await killHeads(Number(values.kills), servers, views);
    const stop = await stopHeads(servers, views);
    await deregister();
    return { crash, stop };
  } finally {
    await consul.stop();
  }
}

const startedAt = performance.now();
const { crash, stop } = await besideConsul();
const stops = [];
for (const nodes of FLEETS) {
  const plan = { rounds: Number(values.stops), servers: 3, nodes, limitMs: LIMIT_MS, name: HEAD };
  stops.push({ nodes, ours: await stopHeadsOfFleet(plan) });
}
const pairs = await killPairs(Number(values.pairs));

say("failover: milliseconds until DNS names no dead server\n");
const misses = [
  report("head killed (SIGKILL)", { ...crash, requiredP99: 50 }),
  report("head stopped (SIGSTOP), beside Consul", { ...stop, requiredP99: 300 }),
  ...stops.map(({ nodes, ours }) =>
    report(`head stopped (SIGSTOP), ${nodes} nodes on 3 servers`, {
      ours,
      closed: [],
      consul: [],
      requiredP99: 300,
    }),
  ),
  report("head and next of three killed at once", { ...pairs, requiredP99: 100 }),
];
say(`\nin ${cell((performance.now() - startedAt) / 1000)} s`);
process.exitCode = misses.includes(true) ? 1 : 0;
