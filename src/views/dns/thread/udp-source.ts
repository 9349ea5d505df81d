/** Who a packet over UDP says it comes from, as far as that decides what it gets. Its source may be forged. */

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

/**
 * What sources of one network have in common, in a number: /24 of IPv4, /56 of IPv6, which is what one customer has.
 * Two networks may have the same number.
 */
export function prefixHash(address: string): number {
  // IPv6 first: an interface behind it may be called `eth0.100`.
  const hash = address.includes(":") ? hashOf56Bits(address) : hashOfText(address, address.lastIndexOf("."));
  // The lower bits do not depend on the upper ones of the last step.
  return (hash ^ (hash >>> 15)) >>> 0;
}

// FNV-1a over 32 bits. Whoever looks for two networks of one number finds them; there is nothing to gain: a forged
// source can be in any network.
const HASH_START = 0x811c9dc5;
const HASH_PRIME = 0x01000193;

function hashOfText(text: string, end: number): number {
  let hash = HASH_START;
  for (let i = 0; i < end; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), HASH_PRIME);
  }
  return hash;
}

function hashOf56Bits(address: string): number {
  const { count, gap } = readGroups(address);
  const missing = 8 - count;
  let hash = HASH_START;
  for (let i = 0; i < 4; i++) {
    const group = i < gap ? groups[i] : i < gap + missing ? 0 : groups[i - missing];
    hash = Math.imul(hash ^ ((group ?? 0) >> (i === 3 ? 8 : 0)), HASH_PRIME);
  }
  return hash;
}

const COLON = 0x3a;
const PERCENT = 0x25;
/** Filled again for each address: a split of its text takes ten times as long. */
const groups = new Uint16Array(8);

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
    if (code !== COLON) {
      value = value * 16 + (code < 0x3a ? code - 0x30 : (code | 0x20) - 0x57);
      hasDigits = true;
    } else if (hasDigits) {
      groups[count++] = value;
      value = 0;
      hasDigits = false;
    } else {
      gap = count;
    }
  }
  if (hasDigits) {
    groups[count++] = value;
  }
  return { count, gap };
}
