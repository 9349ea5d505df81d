import { isIP } from "node:net";
import { EndpointError, joinHostPort, parseRpcAddr } from "../../core/rpc-addr.ts";
import { ResolveError } from "./resolve-error.ts";

/** RFC 1035, section 4.2. */
const DNS_PORT = 53;

/** Where questions go: an address literal (IPv6 possibly with a zone, as in `fe80::1%eth0`) and a port. */
export interface Nameserver {
  readonly address: string;
  readonly port: number;
}

/**
 * Parses `10.0.0.2`, `10.0.0.2:5353`, `::1`, `[::1]:5353`, `fe80::1%eth0` or `[fe80::1%eth0]:53`.
 * @throws ResolveError `nameserver-invalid`; a name is none: it would have to be resolved first.
 */
export function parseNameserverAddress(text: string): Nameserver {
  const scoped = text.includes("%") ? nameserverAt(text) : undefined;
  if (scoped !== undefined) {
    return scoped;
  }
  try {
    const { host, port, kind } = parseRpcAddr(text, DNS_PORT);
    if (kind !== "name") {
      return { address: host, port };
    }
  } catch (error) {
    if (!(error instanceof EndpointError)) {
      throw error;
    }
  }
  throw new ResolveError(
    "nameserver-invalid",
    `nameserver ${JSON.stringify(text)}: expected an IP address, optionally with a port, as in "10.0.0.2:53" or "[::1]:53"`,
  );
}

/**
 * The nameserver of a resolv.conf line: an address literal, or `[address]:port` as OpenBSD takes it; `undefined` when
 * it is neither.
 */
export function nameserverAt(word: string): Nameserver | undefined {
  const match = /^\[([^\]]+)\]:(\d{1,5})$/.exec(word);
  const address = match?.[1] ?? word;
  const port = Number(match?.[2] ?? DNS_PORT);
  return isIP(address) === 0 || port < 1 || port > 65_535 ? undefined : { address, port };
}

export function nameserverText({ address, port }: Nameserver): string {
  return joinHostPort(address, port);
}
