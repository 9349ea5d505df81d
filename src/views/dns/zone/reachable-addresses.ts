import { networkInterfaces } from "node:os";
import ipaddr from "ipaddr.js";

/**
 * Where a server that listens on these address literals is reached: each address once, in its canonical form. "All
 * addresses", however it is spelled, stands for those of the machine's interfaces of that family. One with a scope
 * (`fe80::1%eth0`) means nothing to others and is left out.
 */
export function reachableAddresses(hosts: readonly string[]): readonly string[] {
  const addresses = hosts.filter((host) => !host.includes("%")).map(canonical);
  return [...new Set(addresses.flatMap(ofInterfaces))];
}

function canonical(host: string): string {
  return ipaddr.IPv6.isValid(host) ? ipaddr.IPv6.parse(host).toRFC5952String() : host;
}

function ofInterfaces(address: string): readonly string[] {
  if (address !== "0.0.0.0" && address !== "::") {
    return [address];
  }
  const family = address === "::" ? "IPv6" : "IPv4";
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const usable = all.filter((each) => each.family === family && !each.address.startsWith("fe80:"));
  const outward = usable.filter((each) => !each.internal);
  return (outward.length > 0 ? outward : usable).map((each) => each.address);
}
