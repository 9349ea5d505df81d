/**
 * How long DNS goes on naming a dead server under Consul's own name: Consul with a TCP check every second, and this
 * agent, which has no pool configured, with the head and with all servers.
 *
 *     npm run build && scripts/with-engine node scripts/bench/consul-names.ts [ROUNDS]
 *
 * Milliseconds from just before SIGKILL to the first answer after which none names the server.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { startDemoConsul } from "../demo-consul.ts";
import { AgentProcess } from "../lab/agent-process.ts";
import { consulDnsAddress } from "../lab/consul-dns-address.ts";
import { median } from "../lab/median.ts";
import { type ServerProcess, serverAt, startServers } from "../lab/server-process.ts";
import { DnsView } from "./failover-dns-view.ts";

const ROUNDS = Number(process.argv[2] ?? 20);
const SERVERS = 8;
const NAME = "_web._tcp.service.consul";
const LIMIT_MS = 5_000;

async function kills(servers: readonly ServerProcess[], ours: DnsView, theirs: DnsView) {
  const figures = { ours: [] as number[], consul: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    await sleep(Math.random() * 500);
    const head = serverAt(servers, `127.0.0.1:${await ours.head()}`);
    await theirs.names(head.port, 2 * LIMIT_MS);
    const drops = [ours, theirs].map((view) => view.drops([head.port], LIMIT_MS));
    head.kill();
    const [own = LIMIT_MS, consul = LIMIT_MS] = await Promise.all(drops);
    figures.ours.push(own);
    figures.consul.push(consul);
    await head.restart();
  }
  return figures;
}

function spelled(times: readonly number[]): string {
  return `${median(times).toFixed(0)} ms (median), ${Math.max(...times).toFixed(0)} ms (longest)`;
}

await using cluster = await startServers(SERVERS);
const consul = await startDemoConsul();
try {
  const addresses = cluster.servers.map(({ address }) => address);
  const deregister = await consul.register(addresses, { service: "web", tag: "http" });
  for (const consul_names of ["head", "all"]) {
    await using agent = await AgentProcess.start({
      log: { level: "info" },
      consul: { address: consul.address },
      dns: { address: "127.0.0.1:0", consul_names },
      pools: { "*": {} },
    });
    using ours = await DnsView.of(agent.dnsAddress, NAME);
    using theirs = await DnsView.of(await consulDnsAddress(consul.address), NAME);
    const figures = await kills(cluster.servers, ours, theirs);
    console.log(`${consul_names}: ${spelled(figures.ours)}; Consul: ${spelled(figures.consul)}`);
  }
  await deregister();
} finally {
  await consul.stop();
}
