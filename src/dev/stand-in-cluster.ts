import { StandInServer, type StandInTls } from "./stand-in-server.ts";
import type { StandInMember, StandInView } from "./stand-in-view.ts";

export interface StandInClusterOptions {
  /** How many servers. */
  readonly size: number;
  /** What all servers know, but for their names, each other and the leader. */
  readonly view?: Partial<StandInView>;
  readonly tls?: StandInTls;
}

/**
 * Stand-in servers on loopback that know each other. The first one that runs is the leader; a stopped one stays a
 * member, as `failed`, and comes back under its old address.
 */
export class StandInCluster {
  readonly servers: readonly StandInServer[];

  constructor({ size, view, tls }: StandInClusterOptions) {
    this.servers = Array.from(
      { length: size },
      (_, index) =>
        new StandInServer({
          view: { ...view, name: `s${index + 1}` },
          ...(tls === undefined ? {} : { tls }),
        }),
    );
  }

  /** `host:port` of each, stopped ones too. */
  get addresses(): readonly string[] {
    return this.servers.map((server) => server.address);
  }

  async start(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.start()));
    this.#spread();
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  /** The others learn of it at once; real ones need up to 38 s. */
  async stopServer(server: StandInServer): Promise<void> {
    await server.stop();
    this.#spread();
  }

  async startServer(server: StandInServer): Promise<void> {
    await server.start();
    this.#spread();
  }

  /** Moves all servers there. */
  join(place: Pick<StandInView, "datacenter" | "region">): void {
    this.know(place);
    this.#spread();
  }

  /** Changes what all servers know. */
  know(view: Partial<StandInView>): void {
    for (const server of this.servers) {
      server.know(view);
    }
  }

  #spread(): void {
    const members = this.servers.map(
      (server): StandInMember => ({
        name: server.view.name,
        address: server.address,
        datacenter: server.view.datacenter,
        status: server.running ? "alive" : "failed",
      }),
    );
    this.know({ members, leader: this.servers.find((server) => server.running)?.address ?? "" });
  }
}
