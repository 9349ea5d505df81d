import { ConsulContainer, type ConsulRole, type NetworkPlace } from "./consul-container.ts";
import type { ContainerNetwork } from "./container-network.ts";

export interface DatacenterOptions {
  /** Default: dc1. */
  readonly name?: string;
  /** Default: 3. */
  readonly servers?: number;
  /** Addresses of servers of another datacenter, to join over the WAN. */
  readonly joinWan?: readonly string[];
  /** Further configuration for every member. */
  readonly hcl?: readonly string[];
}

export interface ConsulServer {
  readonly address: string;
  readonly consul: ConsulContainer;
}

/** Servers of one datacenter and a client agent joined to them, ready when each of them knows the leader. */
export class ConsulDatacenter implements AsyncDisposable {
  readonly servers: readonly ConsulServer[];
  readonly client: ConsulContainer;

  private constructor(servers: readonly ConsulServer[], client: ConsulContainer) {
    this.servers = servers;
    this.client = client;
  }

  static async start(network: ContainerNetwork, options: DatacenterOptions = {}): Promise<ConsulDatacenter> {
    const name = options.name ?? "dc1";
    const addresses = Array.from({ length: options.servers ?? 3 }, () => network.nextAddress());
    const member = (role: ConsulRole, address: string, node: string, flags: readonly string[] = []) =>
      ConsulContainer.start({
        role,
        place: { network, address } satisfies NetworkPlace,
        flags: [`-datacenter=${name}`, `-node=${name}-${node}`, ...flags],
        hcl: options.hcl ?? [],
      });
    const wan = (options.joinWan ?? []).map((address) => `-retry-join-wan=${address}`);
    const role: ConsulRole = { kind: "server", expectedServers: addresses.length, join: addresses };
    // All at once: a server is ready only when it knows a leader, which takes a majority.
    const [client, ...servers] = await startAll([
      member({ kind: "client", join: addresses }, network.nextAddress(), "client"),
      ...addresses.map((address, index) => member(role, address, `server-${index + 1}`, wan)),
    ]);
    if (client === undefined) throw new Error("unreachable: the client is the first of the list");
    const paired = addresses.flatMap((address, index) => {
      const consul = servers[index];
      return consul === undefined ? [] : [{ address, consul }];
    });
    return new ConsulDatacenter(paired, client);
  }

  get addresses(): readonly string[] {
    return this.servers.map(({ address }) => address);
  }

  /**
   * The server that leads in the eyes of `witness`. While a server is cut off the client may hang: ask another server.
   */
  async leader(witness: ConsulContainer = this.client): Promise<ConsulServer | undefined> {
    const leader = await witness.http.leader();
    return this.servers.find(({ address }) => leader === `${address}:8300`);
  }

  async remove(): Promise<void> {
    await Promise.all(
      [this.client, ...this.servers.map(({ consul }) => consul)].map((consul) => consul.remove()),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }
}

/** All or none: what did start is removed when one of them fails. */
const startAll = async (starting: readonly Promise<ConsulContainer>[]): Promise<ConsulContainer[]> => {
  const results = await Promise.allSettled(starting);
  const started = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) {
    await Promise.all(started.map((consul) => consul.remove()));
    throw new Error("a member of the datacenter did not start", { cause: failed.reason });
  }
  return started;
};
