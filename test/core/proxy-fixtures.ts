import type { NodeServerInfo } from "../../src/core/api-version-filter.ts";
import type { Pinger } from "../../src/core/ports.ts";
import { EndpointError, type EndpointErrorCode } from "../../src/core/rpc-addr.ts";
import { RpcProxy } from "../../src/core/rpc-proxy.ts";
import { CONFIG, fakePorts } from "../support/fake-ports.ts";

/** The canonical address of the n-th test server. */
export function addr(n: number): string {
  return `10.0.${n >> 8}.${n & 255}:4647`;
}

/** `addr(1)` to `addr(count)`. */
export function addrs(count: number): string[] {
  return Array.from({ length: count }, (_, index) => addr(index + 1));
}

export function heartbeatOf(addresses: readonly string[], datacenter = "dc1"): NodeServerInfo[] {
  return addresses.map((rpcAdvertiseAddr) => ({
    rpcAdvertiseAddr,
    rpcMajorVersion: 1,
    rpcMinorVersion: 1,
    datacenter,
  }));
}

/** A proxy with the primaries `addrs(count)`, in that order. */
export async function proxyWith(
  count: number,
  replace: { pinger?: Pinger; random?: () => number } = {},
): Promise<RpcProxy> {
  const proxy = new RpcProxy(fakePorts(replace), CONFIG);
  for (const address of addrs(count)) {
    await proxy.addPrimaryServer(address);
  }
  return proxy;
}

export function isRejectedAs(code: EndpointErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof EndpointError && error.code === code;
}
