import type { Layer } from "../config/layer.ts";
import type { Config } from "../config/schema.ts";
import { StandInCluster } from "../dev/stand-in-cluster.ts";
import type { StandInServer } from "../dev/stand-in-server.ts";

/** Three servers of our own in this process that speak Nomad's RPC on loopback, to see the agent at work. */
export class DevCluster {
  readonly #cluster = new StandInCluster({ size: 3 });
  #failed: StandInServer | undefined;

  /** The settings that use them, under all others. @throws Node's error when loopback can't be had. */
  async start(): Promise<Layer> {
    await this.#cluster.start();
    const nomad = { servers: [...this.#cluster.addresses], backups: null };
    return { origin: "flag --dev", values: { log: { format: "text" }, pools: { nomad } }, namesItself: true };
  }

  /** They are where the agent is. */
  join({ datacenter, region }: Pick<Config, "datacenter" | "region">): void {
    this.#cluster.join({ datacenter, region });
  }

  /** The server at this `host:port` ends like a killed process; the one that failed before comes back. */
  async fail(address: string | undefined): Promise<void> {
    const server = this.#cluster.servers.find((candidate) => candidate.address === address);
    if (server === undefined) {
      return;
    }
    const before = this.#failed;
    this.#failed = server;
    if (before !== undefined) {
      await this.#cluster.startServer(before);
    }
    await this.#cluster.stopServer(server);
  }

  async stop(): Promise<void> {
    await this.#cluster.stop();
  }
}
