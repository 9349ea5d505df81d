/** A health monitor on a list of servers that behave as told, under a fake clock. */
import { RpcProxy } from "../../../src/core/rpc-proxy.ts";
import { ConnectionPinger } from "../../../src/net/connection/connection-pinger.ts";
import { type HealthConfig, HealthMonitor } from "../../../src/sources/health/health-monitor.ts";
import { Penalties } from "../../../src/sources/health/penalties.ts";
import { CONFIG, type FakePorts, fakePorts, settled } from "../../support/fake-ports.ts";
import { FakeServers } from "../../support/fake-servers.ts";
import { begin } from "../../support/lives.ts";

/** What a heartbeat says of a server of our own datacenter, besides its address. */
export const LOCAL = { rpcMajorVersion: 1, rpcMinorVersion: 0, datacenter: "dc1" };

/** The list as a fleet of so many nodes has it. */
export async function growTo(numNodes: number, proxy: RpcProxy): Promise<void> {
  const infos = proxy.serverRpcAddrs().map((rpcAdvertiseAddr) => ({ ...LOCAL, rpcAdvertiseAddr }));
  await proxy.refreshServerLists(infos, numNodes, infos[0]?.rpcAdvertiseAddr ?? "");
}

export function linesOf({ logger }: FakePorts, ...levels: string[]): string[] {
  return logger.lines.filter(({ level }) => levels.includes(level)).map(({ message }) => message);
}

interface Bench {
  readonly ports: FakePorts;
  readonly servers: FakeServers;
  readonly proxy: RpcProxy;
  readonly monitor: HealthMonitor;
  readonly penalties: Penalties;
  readonly head: () => string | undefined;
}

export async function bench(
  addresses: readonly string[],
  config: Partial<HealthConfig> = {},
  before: (servers: FakeServers) => void = () => undefined,
  findingsChanged: () => void = () => undefined,
  isIdle: () => boolean = () => false,
): Promise<Bench> {
  const base = fakePorts();
  const servers = new FakeServers(base.clock);
  before(servers);
  const penalties = new Penalties(base.clock);
  const ports = { ...base, pinger: new ConnectionPinger(servers, { timeoutMs: 500 }) };
  const proxy = new RpcProxy({ ...ports, avoids: (key) => penalties.isAvoided(key) }, CONFIG);
  for (const address of addresses) {
    await proxy.addPrimaryServer(address);
  }
  const monitor = new HealthMonitor(
    { ...ports, proxy, connector: servers, penalties, findingsChanged, isIdle },
    {
      intervalMs: 500,
      idleIntervalMs: 5_000,
      timeoutMs: 500,
      standby: true,
      ...config,
    },
  );
  begin(monitor);
  await settled();
  return { ports, servers, proxy, monitor, penalties, head: () => proxy.findServer()?.key };
}
