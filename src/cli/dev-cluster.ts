import type { Layer } from "../config/layer.ts";
import { StandInCluster } from "../nomad/stand-in-cluster.ts";

/** Three servers of our own in this process that speak Nomad's RPC on loopback, and the settings that use them. */
export async function devCluster(): Promise<{ readonly layer: Layer; stop(): Promise<void> }> {
  const cluster = new StandInCluster({ size: 3 });
  await cluster.start();
  const nomad = { servers: [...cluster.addresses], backups: null };
  return {
    layer: { origin: "flag --dev", values: { log: { format: "text" }, pools: { nomad } }, namesItself: true },
    stop: () => cluster.stop(),
  };
}
