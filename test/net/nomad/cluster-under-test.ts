import { lookup } from "node:dns/promises";
import { parseRpcAddr } from "../../../src/core/rpc-addr.ts";
import { ServerEndpoint } from "../../../src/core/server-endpoint.ts";
import { StandInCluster } from "../../../src/dev/stand-in-cluster.ts";
import type { StandInView } from "../../../src/dev/stand-in-view.ts";
import type { NomadClientOptions } from "../../../src/net/nomad/nomad-client.ts";

/** Healthy Nomad servers of one region, real or not. The suites that use it can't tell. */
export interface ClusterUnderTest {
  readonly title: string;
  readonly settings: NomadClientOptions;
  /** The servers to ask; called once. */
  start(): Promise<readonly ServerEndpoint[]>;
  stop(): Promise<void>;
}

/**
 * The clusters that a contract suite runs against: stand-ins of both generations, or the real servers that
 * `HEADWAITER_TEST_NOMAD=host:port,host:port,…` names (region and token: `HEADWAITER_TEST_NOMAD_REGION`,
 * `HEADWAITER_TEST_NOMAD_TOKEN`).
 */
export function clustersUnderTest(): readonly ClusterUnderTest[] {
  const real = process.env["HEADWAITER_TEST_NOMAD"];
  return real === undefined
    ? [standIns("1.0"), standIns("0.4"), standIns("1.0", "secret")]
    : [realServers(real.split(","))];
}

function realServers(addresses: readonly string[]): ClusterUnderTest {
  const region = process.env["HEADWAITER_TEST_NOMAD_REGION"] ?? "global";
  const token = process.env["HEADWAITER_TEST_NOMAD_TOKEN"];
  return {
    title: `real servers ${addresses.join(", ")}`,
    settings: { region, token },
    start: () => Promise.all(addresses.map(resolved)),
    stop: () => Promise.resolve(),
  };
}

async function resolved(address: string): Promise<ServerEndpoint> {
  const addr = parseRpcAddr(address);
  const found = await lookup(addr.host, { all: true });
  return new ServerEndpoint(
    address,
    addr,
    found.map((one) => one.address),
  );
}

function standIns(generation: StandInView["generation"], token?: string): ClusterUnderTest {
  const cluster = new StandInCluster({ size: 3, view: { generation, nodeCount: 5, token } });
  return {
    title: `stand-ins of ${generation}${token === undefined ? "" : " with ACLs"}`,
    settings: { region: "global", token },
    start: async () => {
      await cluster.start();
      return cluster.addresses.map((address) => ServerEndpoint.fromLiteral(address));
    },
    stop: () => cluster.stop(),
  };
}
