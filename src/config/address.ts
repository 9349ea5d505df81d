/** Addresses as the configuration writes them. */
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** An address to listen on. Port 0 takes any free port. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Parses `IP:port` or `[IPv6]:port`; `undefined` when it is none. Names are refused: an agent must not wait for DNS to serve DNS. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? "";
  const port = Number(match?.[3]);
  const family = match?.[1] === undefined ? 4 : 6;
  return isIP(host) === family && port <= 65_535 ? { host, port } : undefined;
}

const DNS_PORT = 53;

/** Parses what `parseListenAddress` takes, or a bare IP address with DNS's own port; `undefined` when it is none. */
export function parseNameserver(text: string): ListenAddress | undefined {
  const address = isIP(text) === 0 ? parseListenAddress(text) : { host: text, port: DNS_PORT };
  return address?.port === 0 ? undefined : address;
}

/** An address that others are told. Without a port: that of the listener. */
export interface AdvertisedAddress {
  readonly host: string;
  readonly port?: number;
}

/** Parses an IP address, with a port or without; `undefined` when it is none, or none that one machine has for itself. */
export function parseAdvertisedAddress(text: string): AdvertisedAddress | undefined {
  const address: AdvertisedAddress | undefined = isIP(text) === 0 ? parseListenAddress(text) : { host: text };
  if (address === undefined || address.port === 0 || address.host.includes("%")) {
    return undefined;
  }
  const range = ipaddr.process(address.host).range();
  return ["unspecified", "multicast", "broadcast"].includes(range) ? undefined : address;
}
