import { getContainerRuntimeClient, type StartedTestContainer, Wait } from "testcontainers";
import { freePort } from "../../scripts/lab/free-port.ts";
import { ConsulHttp } from "./consul-http.ts";
import type { ContainerNetwork } from "./container-network.ts";
import { LoopbackContainer } from "./loopback-container.ts";

/** What the agent is. A dev agent keeps everything in memory: its restart is a wiped restart. */
export type ConsulRole =
  | { readonly kind: "dev" }
  | { readonly kind: "server"; readonly expectedServers: number; readonly join: readonly string[] }
  | { readonly kind: "client"; readonly join: readonly string[] };

/** A place in a network of a test's own, apart from the bridge through which the ports are published. */
export interface NetworkPlace {
  readonly network: ContainerNetwork;
  readonly address: string;
}

export interface ConsulOptions {
  /** Default: a dev agent. */
  readonly role?: ConsulRole;
  /** Default: bound to the container's loopback, which stays the same when the container restarts. */
  readonly place?: NetworkPlace;
  /** Further agent flags, for instance `-datacenter=dc2`. */
  readonly flags?: readonly string[];
  /** Further configuration, for instance `acl { enabled = true }`. */
  readonly hcl?: readonly string[];
  /** Files put into the container before the agent starts: absolute path to content. */
  readonly files?: Readonly<Record<string, string>>;
  /** Sent by `http`, for an agent whose ACLs deny by default. */
  readonly token?: string;
}

/** Wait between two looks, and for each answer: 50 ms sees a dev agent ready after 0.34 s instead of 1.4 s. */
const pollMs = 50;
/** A cluster of three elects a leader in 3 s on a quiet machine; ten times that on a busy one. */
const startupTimeoutMs = 30_000;
/** A graceful leave of a dev agent takes 0.1 s; after 5 s the engine kills. */
const stopTimeoutS = 5;

/** Between looking for a free port and publishing it another test may take it: once in thousands of starts. */
const portAttempts = 3;

const roleFlags = (role: ConsulRole): readonly string[] => {
  switch (role.kind) {
    case "dev":
      return ["-dev"];
    case "server":
      return ["-server", `-bootstrap-expect=${role.expectedServers}`, ...memberFlags(role.join)];
    case "client":
      return memberFlags(role.join);
  }
};

// Servers start together: the first joins fail and are tried again after 1 s instead of 30 s.
const memberFlags = (join: readonly string[]): readonly string[] => [
  "-data-dir=/tmp/consul",
  "-retry-interval=1s",
  "-retry-interval-wan=1s",
  ...join.map((address) => `-retry-join=${address}`),
];

const command = (options: ConsulOptions): string[] => [
  "agent",
  ...roleFlags(options.role ?? { kind: "dev" }),
  `-bind=${options.place?.address ?? "127.0.0.1"}`,
  "-client=0.0.0.0",
  ...["performance { raft_multiplier = 1 }", ...(options.hcl ?? [])].map((hcl) => `-hcl=${hcl}`),
  ...(options.flags ?? []),
];

/** The image that `scripts/with-engine` found. */
const image = (): string => {
  const name = process.env["CONSUL_IMAGE"];
  if (name === undefined) throw new Error("CONSUL_IMAGE is not set: run this through scripts/with-engine");
  return name;
};

interface HostPorts {
  readonly http: number;
  readonly dns: number;
}

const launch = async (options: ConsulOptions, ports: HostPorts): Promise<StartedTestContainer> => {
  const container = new LoopbackContainer(image(), options.place)
    .withEntrypoint(["consul"])
    .withCommand(command(options))
    .withExposedPorts(
      { container: 8500, host: ports.http },
      { container: 8600, host: ports.dns, protocol: "tcp" },
      { container: 8600, host: ports.dns, protocol: "udp" },
    )
    .withCopyContentToContainer(
      Object.entries(options.files ?? {}).map(([target, content]) => ({ target, content })),
    )
    .withWaitStrategy(
      Wait.forHttp("/v1/status/leader", 8500)
        .forStatusCode(200)
        .forResponsePredicate((leader) => leader.includes(":"))
        .withReadTimeout(pollMs),
    )
    .withStartupTimeout(startupTimeoutMs);
  return container.start();
};

/**
 * A Consul agent in a container, reached at ports of 127.0.0.1 that stay the same for as long as it lives,
 * through kill, restart and wiped restart. Every method ends when its effect has been seen.
 */
export class ConsulContainer implements AsyncDisposable {
  readonly #options: ConsulOptions;
  readonly #ports: HostPorts;
  #started: StartedTestContainer;
  readonly http: ConsulHttp;

  private constructor(options: ConsulOptions, ports: HostPorts, started: StartedTestContainer) {
    this.#options = options;
    this.#ports = ports;
    this.#started = started;
    this.http = new ConsulHttp(this.httpPort, options.token);
  }

  /** Starts an agent; ready when it knows a leader. Fails after 30 s without one. */
  static async start(options: ConsulOptions = {}): Promise<ConsulContainer> {
    for (let attempt = 1; ; attempt += 1) {
      const ports = { http: await freePort(), dns: await freePort() };
      try {
        return new ConsulContainer(options, ports, await launch(options, ports));
      } catch (error) {
        if (attempt === portAttempts || !isPortTaken(error)) throw error;
      }
    }
  }

  get httpPort(): number {
    return this.#ports.http;
  }

  /** The same number for udp and tcp. */
  get dnsPort(): number {
    return this.#ports.dns;
  }

  get containerId(): string {
    return this.#started.getId();
  }

  /** SIGKILL. Connections are reset, new ones refused. */
  async kill(): Promise<void> {
    await (await this.#container()).kill();
    await (await this.#container()).wait();
  }

  /** SIGTERM, and SIGKILL after 5 s. */
  async stop(): Promise<void> {
    await (await this.#container()).stop({ t: stopTimeoutS });
  }

  /** Freezes it: connections are accepted and hang. */
  async pause(): Promise<void> {
    await (await this.#container()).pause();
  }

  async unpause(): Promise<void> {
    await (await this.#container()).unpause();
  }

  /**
   * Starts it again (kills it first if it runs); a server finds its data, a dev agent has none. Ready as after `start`.
   */
  async restart(): Promise<void> {
    await this.#started.restart({ timeout: 0 });
  }

  /** Starts it again from nothing, data and identity lost, on the same ports. Ready as after `start`. */
  async restartWiped(): Promise<void> {
    await this.remove();
    this.#started = await launch(this.#options, this.#ports);
  }

  /** Cuts it off from its network's other members; its published ports keep answering. */
  async partition(): Promise<void> {
    const { network } = this.#place();
    await network.disconnect(this.containerId);
  }

  /** Ends a partition; it has its old address and has met a member again (by itself gossip looks only every 30 s). */
  async heal(): Promise<void> {
    const { network, address } = this.#place();
    await network.connect(this.containerId, address);
    const role = this.#options.role ?? { kind: "dev" };
    const peers = role.kind === "dev" ? [] : role.join.filter((peer) => peer !== address);
    if (peers.length > 0) {
      await Promise.any(peers.map((peer) => this.http.call("PUT", `/v1/agent/join/${peer}`)));
    }
  }

  /** Kills and removes it. Idempotent. */
  async remove(): Promise<void> {
    const container = await this.#container();
    await container.remove({ force: true, v: true }).catch((error: unknown) => {
      if (!isAlreadyGone(error)) throw error;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }

  #place(): NetworkPlace {
    if (this.#options.place === undefined)
      throw new Error("this Consul is in no network: start it with `place`");
    return this.#options.place;
  }

  async #container() {
    return (await getContainerRuntimeClient()).container.getById(this.containerId);
  }
}

const isPortTaken = (error: unknown): boolean =>
  error instanceof Error && /port is already allocated|address already in use/.test(error.message);

const isAlreadyGone = (error: unknown): boolean =>
  error instanceof Error && "statusCode" in error && (error.statusCode === 404 || error.statusCode === 409);
