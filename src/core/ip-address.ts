import ipaddr from "ipaddr.js";

/**
 * An IP address in the one form that is used here: RFC 5952 for IPv6, without brackets; an IPv4 address never as IPv6.
 */
export interface IpAddress {
  readonly host: string;
  readonly kind: "ipv4" | "ipv6";
}

/**
 * Reads an address in its usual spelling; `undefined` when it is none, or has a zone (`fe80::1%eth0`).
 * `::ffff:10.0.0.1` is 10.0.0.1 to every system that dials it.
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (!text.includes(":")) {
    return CANONICAL_IPV4.test(text) ? { host: text, kind: "ipv4" } : undefined;
  }
  const embedded = text.slice(text.lastIndexOf(":") + 1);
  const isSpelledOddly = embedded.includes(".") && (!CANONICAL_IPV4.test(embedded) || /^::\d/.test(text));
  if (text.includes("%") || isSpelledOddly || !ipaddr.IPv6.isValid(text)) {
    return undefined;
  }
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress()
    ? { host: address.toIPv4Address().toString(), kind: "ipv4" }
    : { host: address.toRFC5952String(), kind: "ipv6" };
}

/**
 * Whether the source is this machine: no packet with such a source comes in over a network. `address` is as the
 * system writes it.
 */
export function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

/** Four numbers from 0 to 255 without leading zeros, which some readers take for octal. */
const CANONICAL_IPV4 = /^(?:(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])(?:\.(?=\d)|$)){4}$/;

/**
 * Kinds of addresses, the first that fits counts. All but loopback lead to no server, or to another one from each
 * machine. Source: the registries of RFC 6890.
 */
const UNDIALABLE = Object.fromEntries(
  [
    ["loopback", "::1/128"],
    ["unspecified, where one listens", "0.0.0.0/32", "::/128"],
    ["reserved (0.0.0.0/8)", "0.0.0.0/8"],
    ["an IPv4 address as IPv6 in a form out of use (::/96)", "::/96"],
    ["multicast", "224.0.0.0/4", "ff00::/8"],
    ["the broadcast address", "255.255.255.255/32"],
    ["reserved (240.0.0.0/4)", "240.0.0.0/4"],
    ["link-local (fe80::/10), which leads nowhere without an interface", "fe80::/10"],
  ].map(([what = "", ...ranges]) => [what, ranges.map((range) => ipaddr.parseCIDR(range))]),
);

const DIALABLE = ["loopback", "unicast"];

/**
 * Why nobody else can dial the address; `undefined` when one can. Loopback can be dialled: everything may be on one
 * machine.
 */
export function undialable({ host }: IpAddress): string | undefined {
  const found = ipaddr.subnetMatch(ipaddr.parse(host), UNDIALABLE, "unicast");
  return DIALABLE.includes(found) ? undefined : `${host} is ${found}`;
}

/**
 * What of a name's addresses can be dialled, each once, in the given order.
 * @throws Error when there are some, and not one of them can: a filtering nameserver answers 0.0.0.0, for one.
 */
export function dialableAddresses(addresses: readonly string[]): readonly string[] {
  const usable = new Set<string>();
  const refused: string[] = [];
  for (const text of addresses) {
    const address = parseIpAddress(text);
    const reason =
      address === undefined ? "an answer is no IP address that everybody can dial" : undialable(address);
    if (address === undefined || reason !== undefined) {
      refused.push(reason ?? "");
    } else {
      usable.add(address.host);
    }
  }
  const [first] = refused;
  if (usable.size === 0 && first !== undefined) {
    throw new Error(`no address that can be dialled: ${first}`);
  }
  return [...usable];
}
