import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
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

/** Published ports are taken below the range of outgoing connections (32768 and up), which could take one while its container is down. */
const firstPort = 20_000;
const lastPort = 32_000;

/** A port of 127.0.0.1 that is free for both tcp and udp. */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = firstPort + Math.floor(Math.random() * (lastPort - firstPort));
    if ((await isFreeForTcp(port)) && (await isFreeForUdp(port))) return port;
  }
};

const isFreeForTcp = async (port: number): Promise<boolean> => {
  const server = createServer();
  const listening = once(server, "listening");
  server.listen(port, "127.0.0.1");
  const free = await listening.then(
    () => true,
    () => false,
  );
  if (free) await new Promise((closed) => server.close(closed));
  return free;
};

const isFreeForUdp = async (port: number): Promise<boolean> => {
  const socket = createSocket("udp4");
  const listening = once(socket, "listening");
  socket.bind(port, "127.0.0.1");
  const free = await listening.then(
    () => true,
    () => false,
  );
  socket.close();
  return free;
};
