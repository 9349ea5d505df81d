import { getContainerRuntimeClient } from "testcontainers";
import { runLabel } from "./run-label.ts";

/** 198.18.0.0/15 is set aside for tests between networks (RFC 2544): no real network of the machine overlaps it. */
const randomSubnet = (): string =>
  `198.${18 + Math.floor(Math.random() * 2)}.${Math.floor(Math.random() * 256)}`;

/** 512 subnets, a few in use: one retry is rare, five in a row do not happen by chance. */
const attempts = 5;

/** A network of this run with a subnet of its own, in which a container keeps its address through a partition. */
export class ContainerNetwork implements AsyncDisposable {
  readonly #id: string;
  readonly #subnet: string;
  #lastHost = 1; // .1 is the engine's own

  private constructor(id: string, subnet: string) {
    this.#id = id;
    this.#subnet = subnet;
  }

  static async create(): Promise<ContainerNetwork> {
    for (let attempt = 1; ; attempt += 1) {
      const subnet = randomSubnet();
      try {
        const { network } = await getContainerRuntimeClient();
        const { id } = await network.create({
          // The engine routes published ports by the first network in order of name: this one comes after "bridge".
          Name: `headwaiter-${subnet}-${process.pid}`,
          IPAM: { Driver: "default", Config: [{ Subnet: `${subnet}.0/24` }] },
          Labels: runLabel(),
        });
        return new ContainerNetwork(id, subnet);
      } catch (cause) {
        if (attempt === attempts) throw new Error("no free subnet in 198.18.0.0/15", { cause });
      }
    }
  }

  /** An address that no other call gets. */
  nextAddress(): string {
    this.#lastHost += 1;
    return `${this.#subnet}.${this.#lastHost}`;
  }

  async connect(containerId: string, address: string): Promise<void> {
    const network = await this.#network();
    await network.connect({
      Container: containerId,
      EndpointConfig: { IPAMConfig: { IPv4Address: address } },
    });
  }

  async disconnect(containerId: string): Promise<void> {
    const network = await this.#network();
    await network.disconnect({ Container: containerId, Force: true });
  }

  /** Its containers must be gone. */
  async remove(): Promise<void> {
    const network = await this.#network();
    await network.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }

  async #network() {
    return (await getContainerRuntimeClient()).network.getById(this.#id);
  }
}
