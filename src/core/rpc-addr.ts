import { type IpAddress, parseIpAddress, undialable } from "./ip-address.ts";
import { withoutCredentials } from "./without-secrets.ts";

/** Nomad's RPC port, used when an address names none. */
export const DEFAULT_RPC_PORT = 4647;

export type EndpointErrorCode =
  | "address-empty"
  | "host-missing"
  | "host-invalid"
  | "host-ambiguous"
  | "port-missing"
  | "port-invalid"
  | "name-unresolvable"
  | "too-many-names";

/** A URL is none, and may hold credentials; what else is none is shown as it is. */
function shownAddress(address: string): string {
  return /^[a-z][a-z\d+.-]*:\/\//i.test(address) ? withoutCredentials(address) : address;
}

/** An address that can't be used. `code` is stable; `message` names the address and what was expected. */
export class EndpointError extends Error {
  override readonly name = "EndpointError";
  readonly code: EndpointErrorCode;
  /** The address as it was given. */
  readonly address: string;
  /** The end of the message: what was expected. */
  readonly expectation: string;

  constructor(code: EndpointErrorCode, address: string, expectation: string, options?: ErrorOptions) {
    super(`server address ${JSON.stringify(shownAddress(address))}: ${expectation}`, options);
    this.code = code;
    this.address = address;
    this.expectation = expectation;
  }

  /** The address is well-formed, and a name: whoever looks up names tells of it. */
  get isAboutName(): boolean {
    return this.code === "name-unresolvable" || this.code === "too-many-names";
  }
}

/** A parsed address. `host` is canonical: lower case, no final dot, IPv6 in RFC 5952 form without brackets. */
export interface RpcAddr {
  readonly host: string;
  readonly port: number;
  readonly kind: IpAddress["kind"] | "name";
}

/** An address whose port may be left out. */
export type HostAndPort = Omit<RpcAddr, "port"> & { readonly port: number | undefined };

/**
 * Parses `host:port`, `host`, `[v6]:port`, `[v6]` or bare `v6`; the default port is 4647.
 * @throws EndpointError when the text is none of these, when it can be read in two ways, or when nobody can dial it.
 *   v0.4.0 took `""`, `:4647` and `host:`, and refused `::1`.
 */
export function parseRpcAddr(text: string, defaultPort: number = DEFAULT_RPC_PORT): RpcAddr {
  if (USUAL_ADDR.test(text)) {
    const colon = text.indexOf(":");
    return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)), kind: "ipv4" };
  }
  const { host, kind, port = defaultPort } = parseHostAndPort(text);
  return { host, port, kind };
}

/** As `parseRpcAddr`, for addresses that have no default port. @throws EndpointError. */
export function parseHostAndPort(text: string): HostAndPort {
  if (text === "") {
    throw new EndpointError("address-empty", text, 'expected "host:port"');
  }
  const { host, port } = splitHostPort(text);
  if (host === "") {
    throw new EndpointError("host-missing", text, 'expected a host before the port, as in "10.0.0.1:4647"');
  }
  return { ...parseHost(host, text), port: port === undefined ? undefined : parsePort(port, text) };
}

function splitHostPort(text: string): { host: string; port: string | undefined } {
  if (text.startsWith("[")) {
    const match = /^\[([^\]]*)\](?::(.*))?$/s.exec(text);
    if (match?.[1] === undefined || !match[1].includes(":")) {
      const expectation = 'expected an IPv6 address in the brackets, as in "[::1]:4647"';
      throw new EndpointError("host-invalid", text, expectation);
    }
    return { host: match[1], port: match[2] };
  }
  const first = text.indexOf(":");
  if (first === -1) {
    return { host: text, port: undefined };
  }
  if (first !== text.lastIndexOf(":")) {
    refuseUnclearPort(text);
    return { host: text, port: undefined };
  }
  return { host: text.slice(0, first), port: text.slice(first + 1) };
}

/** `2001:db8::1:4647` is an address, but who writes it may well mean port 4647 of `2001:db8::1`. */
function refuseUnclearPort(text: string): void {
  const [, host = "", port = ""] = /^(.*):([1-9]\d{0,4})$/s.exec(text) ?? [];
  if (parseIpAddress(host) === undefined || Number(port) > 65_535) {
    return;
  }
  const address = parseIpAddress(text) === undefined ? "" : `, or "[${text}]" for an address without a port`;
  throw new EndpointError("host-ambiguous", text, `expected brackets: "[${host}]:${port}"${address}`);
}

function parsePort(digits: string, text: string): number {
  if (digits === "") {
    throw new EndpointError("port-missing", text, "expected a port after the colon, or no colon");
  }
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  if (port < 1 || port > 65_535) {
    throw new EndpointError("port-invalid", text, "expected a port from 1 to 65535");
  }
  return port;
}

/**
 * The canonical form of a host without a port, as the catalog and tags have it; `text` is what an error names.
 * @throws EndpointError.
 */
export function parseHost(host: string, text = host): Pick<RpcAddr, "host" | "kind"> {
  const address = parseIpAddress(host);
  if (address !== undefined) {
    const reason = undialable(address);
    if (reason !== undefined) {
      throw new EndpointError("host-invalid", text, `expected an address that can be dialled: ${reason}`);
    }
    return address;
  }
  if (host.includes(":")) {
    throw new EndpointError("host-invalid", text, `expected ${expectedOfColons(host)}`);
  }
  if (/^[\d.]+$/.test(host)) {
    const expectation = "expected an IPv4 address of four numbers from 0 to 255, without leading zeros";
    throw new EndpointError("host-invalid", text, expectation);
  }
  const name = host.replace(/\.$/, "");
  if (!isHostName(name)) {
    throw new EndpointError("host-invalid", text, "expected a DNS name or an IP address");
  }
  return { host: name.toLowerCase(), kind: "name" };
}

function expectedOfColons(host: string): string {
  if (host.includes("://")) {
    return "an address without a scheme";
  }
  return host.includes("%")
    ? "an IPv6 address without a zone, which other machines lack"
    : "an IPv6 address, or another host, without a port";
}

/**
 * The form that nearly every heartbeat carries, recognised at once. Its first number is 1 to 223, which leaves out all
 * that nobody can dial; ports of five digits go the long way.
 */
const USUAL_ADDR =
  /^(?:[1-9]\d?|1\d\d|2[01]\d|22[0-3])(?:\.(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){3}:[1-9]\d{0,3}$/;

// RFC 1123 labels, with the underscore that real host names carry; a last label of digits alone is a mistyped address.
function isHostName(name: string): boolean {
  return (
    name.length <= 253 &&
    name.split(".").every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label)) &&
    !/(^|\.)(\d+|0x[0-9a-f]*)$/i.test(name)
  );
}

/** `host:port`, with brackets around an IPv6 host. */
export function joinHostPort(host: string, port: number | string): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The key of the server at this address, `host:port`. @throws EndpointError when the address is malformed. */
export function serverKey(address: string): string {
  const { host, port } = parseRpcAddr(address);
  return joinHostPort(host, port);
}
