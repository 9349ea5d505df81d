/** Addresses as the configuration writes them. */
import { isIP } from "node:net";
import { EndpointError, type HostAndPort, parseHostAndPort } from "../core/rpc-addr.ts";

/** An address to listen on. Port 0 takes any free port. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Parses `IP:port` or `[IPv6]:port`; `undefined` when it is none. Names are refused: an agent must not wait for DNS to
 * serve DNS.
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? "";
  const port = Number(match?.[3]);
  const family = match?.[1] === undefined ? 4 : 6;
  return isIP(host) === family && port <= 65_535 ? { host, port } : undefined;
}

/** A unix socket to listen on, by the absolute path of its file. */
export interface SocketAddress {
  readonly socket: string;
}

/** What Linux takes as the path of a socket, without the byte that ends it. */
const LONGEST_SOCKET_PATH = 107;

/** As `parseListenAddress`, or `unix:/path`, which may be written `unix:///path` as in a URL. */
export function parseHttpAddress(text: string): ListenAddress | SocketAddress | undefined {
  const [, socket] = /^unix:(?:\/\/(?=\/))?(\/(?!\/)\P{C}*[^/\p{C}])$/u.exec(text) ?? [];
  if (socket !== undefined && Buffer.byteLength(socket) <= LONGEST_SOCKET_PATH) {
    return { socket };
  }
  return parseListenAddress(text);
}

/** The rights of a file, written as `chmod` takes them: `"0660"`. */
export function parseFileMode(text: string): number | undefined {
  return /^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : undefined;
}

const DNS_PORT = 53;

/**
 * Parses an IP address, with a port or without: DNS's own then. A bare one may name the interface that leads to it, as
 * in `fe80::1%eth0`. `undefined` when it is none.
 * @throws EndpointError `host-ambiguous`.
 */
export function parseNameserver(text: string): ListenAddress | undefined {
  if (text.includes("%") && isIP(text) === 6) {
    return { host: text, port: DNS_PORT };
  }
  const address = dialableIp(text);
  return address && { host: address.host, port: address.port ?? DNS_PORT };
}

const CONSUL_DNS_PORT = 8600;

/**
 * Parses an IP address where Consul's DNS is, with a port or without: Consul's default then. `undefined` when it is
 * none. @throws EndpointError `host-ambiguous`.
 */
export function parseConsulDns(text: string): ListenAddress | undefined {
  const address = dialableIp(text);
  return address && { host: address.host, port: address.port ?? CONSUL_DNS_PORT };
}

/** An address that others are told. Without a port: that of the listener. */
export interface AdvertisedAddress {
  readonly host: string;
  readonly port?: number;
}

/**
 * Parses an IP address, with a port or without; `undefined` when it is none. @throws EndpointError `host-ambiguous`.
 */
export function parseAdvertisedAddress(text: string): AdvertisedAddress | undefined {
  const address = dialableIp(text);
  return address && { host: address.host, ...(address.port === undefined ? {} : { port: address.port }) };
}

/** Only of one that can be read in two ways there is more to say than what was expected. */
function dialableIp(text: string): HostAndPort | undefined {
  try {
    const address = parseHostAndPort(text);
    return address.kind === "name" ? undefined : address;
  } catch (error) {
    if (error instanceof EndpointError && error.code !== "host-ambiguous") {
      return undefined;
    }
    throw error;
  }
}
