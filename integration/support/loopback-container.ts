import { GenericContainer } from "testcontainers";
import type { ContainerNetwork } from "./container-network.ts";
import { runLabel } from "./run-label.ts";

/** A container of this run whose ports are published on 127.0.0.1 only, whichever engine runs it. */
export class LoopbackContainer extends GenericContainer {
  readonly #place: { readonly network: ContainerNetwork; readonly address: string } | undefined;

  constructor(image: string, place?: { readonly network: ContainerNetwork; readonly address: string }) {
    super(image);
    this.#place = place;
    this.withLabels(runLabel());
  }

  protected override beforeContainerCreated(): Promise<void> {
    const bindings = (this.hostConfig.PortBindings ?? {}) as Record<string, { HostPort: string }[]>;
    this.hostConfig.PortBindings = Object.fromEntries(
      Object.entries(bindings).map(([port, hosts]) => [
        port,
        hosts.map((host) => ({ ...host, HostIp: "127.0.0.1" })),
      ]),
    );
    return Promise.resolve();
  }

  // A second network beside the bridge: a partition then cuts the members apart and leaves the published ports.
  protected override async containerCreated(containerId: string): Promise<void> {
    await this.#place?.network.connect(containerId, this.#place.address);
  }
}
