/** Who a packet over UDP says it comes from, as far as that decides what it gets. Its source may be forged. */
import { isLoopback } from "../../../core/ip-address.ts";

const DNS_PORT = 53;
const FIRST_CLIENT_PORT = 1024;

/**
 * Ports from 1024 on whose services answer datagrams of strangers: SQL Server's browser, SSDP, Apple's remote
 * management, WS-Discovery, SIP, Sentinel, mDNS, CoAP, memcached, Quake 3. CISA alert TA14-017A lists such protocols
 * that were used for attacks. A resolver that draws its ports from all of 1024 to 65535 meets one of these in every
 * 6,450th query, and asks again from another.
 */
const SERVICE_PORTS: ReadonlySet<number> = new Set([
  1434, 1900, 3283, 3702, 5060, 5093, 5353, 5683, 11_211, 27_960,
]);

/**
 * Whether no client asks from this port, so that the packet is forged: an answer would go to echo, chargen, NTP, TFTP
 * or another service that may answer it, and so for ever. Clients have ports from 1024 on (RFC 6056 3.2); below are
 * services, and at 0 is nobody. From 53 other DNS servers ask, for instance forwarders with a fixed port. It makes no
 * loop: neither side answers an answer.
 */
export function isServicePort(port: number): boolean {
  return port < FIRST_CLIENT_PORT ? port !== DNS_PORT : SERVICE_PORTS.has(port);
}

/** Where a packet says it comes from. */
export interface UdpSource {
  readonly port: number;
  /** This machine: no packet with such a source comes in over a network. */
  readonly isLoopback: boolean;
  /** See `prefixHash`. */
  readonly network: number;
}

/** `address` is as the system writes it. */
export function sourceOf(address: string, port: number): UdpSource {
  return {
    port,
    get isLoopback() {
      return isLoopback(address);
    },
    get network() {
      return prefixHash(address);
    },
  };
}

/**
 * What sources of one network have in common, in a number: /24 of IPv4, /56 of IPv6, which is what one customer has.
 * Two networks may have the same number.
 */
export function prefixHash(address: string): number {
  // IPv6 first: an interface behind it may be called `eth0.100`.
  if (address.includes(":")) {
    const [a = 0, b = 0, c = 0, d = 0] = ipv6Groups(address);
    return hashOfIpv6(a, b, c, d);
  }
  const [a = 0, b = 0, c = 0] = address.split(".", 3).map(Number);
  return hashOfIpv4(a, b, c);
}

// FNV-1a over 32 bits. Whoever looks for two networks of one number finds them; there is nothing to gain: a forged
// source can be in any network.
const HASH_START = 0x811c9dc5;
const HASH_PRIME = 0x01000193;

/** The first three bytes. */
export function hashOfIpv4(a: number, b: number, c: number): number {
  return mixed(next(next(next(HASH_START, a), b), c));
}

/** The first four groups. */
export function hashOfIpv6(a: number, b: number, c: number, d: number): number {
  return mixed(next(next(next(next(HASH_START, a), b), c), d >> 8));
}

function next(hash: number, value: number): number {
  return Math.imul(hash ^ value, HASH_PRIME);
}

/** The lower bits do not depend on the upper ones of the last step. */
function mixed(hash: number): number {
  return (hash ^ (hash >>> 15)) >>> 0;
}

const COLON = 0x3a;
const DOT = 0x2e;
const PERCENT = 0x25;
/** Filled again for each address: a split of its text takes ten times as long. */
const written = new Uint16Array(8);
const groups = new Uint16Array(8);

/** The eight groups of an IPv6 address as the system writes it; the next call overwrites them. */
export function ipv6Groups(address: string): Uint16Array {
  const { count, gap } = readGroups(address);
  const missing = 8 - count;
  for (let i = 0; i < 8; i++) {
    groups[i] = i < gap ? (written[i] ?? 0) : i < gap + missing ? 0 : (written[i - missing] ?? 0);
  }
  return groups;
}

/** Reads the groups as they are written, `count` of them; at `gap` stands the `::` for those that are missing. */
function readGroups(address: string): { readonly count: number; readonly gap: number } {
  let count = 0;
  let gap = 8;
  let value = 0;
  let hasDigits = false;
  for (let i = 0; i < address.length; i++) {
    const code = address.charCodeAt(i);
    if (code === PERCENT) {
      break;
    }
    if (code === DOT) {
      return { count: readEmbedded(address, count), gap };
    }
    if (code !== COLON) {
      value = value * 16 + (code < 0x3a ? code - 0x30 : (code | 0x20) - 0x57);
      hasDigits = true;
    } else if (hasDigits) {
      written[count++] = value;
      value = 0;
      hasDigits = false;
    } else {
      gap = count;
    }
  }
  if (hasDigits) {
    written[count++] = value;
  }
  return { count, gap };
}

/** The last two groups, written as an IPv4 address; `count` are before them. How many there are then. */
function readEmbedded(address: string, count: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = address
    .slice(address.lastIndexOf(":") + 1)
    .split(".")
    .map(Number);
  written[count] = (a << 8) | b;
  written[count + 1] = (c << 8) | d;
  return count + 2;
}
