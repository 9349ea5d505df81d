import { isIP } from "node:net";

/** Addresses by lower-case name, in the order of the file. */
export type Hosts = ReadonlyMap<string, readonly string[]>;

/**
 * Reads what hosts(5) describes; a line that does not begin with an address is skipped, and so is a scoped one
 * (`fe80::1%eth0`), which no answer can hold.
 */
export function parseHosts(text: string): Hosts {
  const hosts = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [address, ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (address === undefined || isIP(address) === 0 || address.includes("%")) {
      continue;
    }
    for (const name of names) {
      const key = name.toLowerCase().replace(/\.$/, "");
      const known = hosts.get(key);
      if (known === undefined) {
        hosts.set(key, [address]);
      } else if (!known.includes(address)) {
        known.push(address);
      }
    }
  }
  return hosts;
}
