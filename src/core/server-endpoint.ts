import {
  type AddressFinding,
  type AddressFindings,
  bestFirst,
  NO_FINDINGS,
  namedOf,
} from "./address-findings.ts";
import { EndpointError, joinHostPort, parseRpcAddr, type RpcAddr } from "./rpc-addr.ts";

/**
 * One server: immutable. Two endpoints are the same server exactly when their `key`s are equal. Source: the seed's
 * `ServerEndpoint`, with a canonical key (v0.4.0 took `127.0.0.1` and `127.0.0.1:4647` for two servers).
 */
export class ServerEndpoint {
  /** The address as it was first given. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Whether `host` is a DNS name or itself the address. */
  readonly kind: RpcAddr["kind"];
  /** IP literals to connect to, best first, as far as their answers are known; never empty. */
  readonly addresses: readonly string[];
  /** The addresses to give to others, see `namedOf`: the first ones of `addresses`, or all; never empty. */
  readonly named: readonly string[];
  /** Canonical `host:port`. */
  readonly key: string;
  readonly #findings: AddressFindings;

  constructor(
    name: string,
    addr: RpcAddr,
    addresses: readonly string[],
    findings: AddressFindings = NO_FINDINGS,
  ) {
    this.name = name;
    this.host = addr.host;
    this.port = addr.port;
    this.kind = addr.kind;
    this.addresses = Object.freeze(
      findings.size === 0 ? [...addresses] : [...bestFirst(addresses, findings)],
    );
    this.named = findings.size === 0 ? this.addresses : Object.freeze(namedOf(this.addresses, findings));
    this.#findings = findings;
    this.key = joinHostPort(addr.host, addr.port);
    Object.freeze(this);
  }

  /** An endpoint for an address literal; no name has to be resolved. */
  static fromLiteral(text: string): ServerEndpoint {
    const addr = parseRpcAddr(text);
    if (addr.kind === "name") {
      throw new EndpointError("name-unresolvable", text, "expected an IP address, not a name");
    }
    return new ServerEndpoint(text, addr, [addr.host]);
  }

  /** The same server at other addresses; what was found of an address stays for as long as the server has it. */
  withAddresses(addresses: readonly string[]): ServerEndpoint {
    const findings = [...this.#findings].filter(([address]) => addresses.includes(address));
    return new ServerEndpoint(this.name, this, addresses, new Map(findings));
  }

  /**
   * The same server, of one of whose addresses something was found; itself when that was known, or the server does not
   * have it.
   */
  withFinding(address: string, finding: AddressFinding): ServerEndpoint {
    const isKnown = this.#findings.get(address)?.answers === finding.answers;
    return isKnown || !this.addresses.includes(address)
      ? this
      : new ServerEndpoint(this.name, this, this.addresses, new Map([...this.#findings, [address, finding]]));
  }

  /** The same server, to be asked at this address alone. */
  at(address: string): ServerEndpoint {
    return new ServerEndpoint(this.name, this, [address]);
  }

  /** What is known of each address, in their order. */
  findings(): readonly (AddressFinding | undefined)[] {
    return this.addresses.map((address) => this.#findings.get(address));
  }

  /** The addresses that are kept from others, and why. */
  silent(): readonly { readonly address: string; readonly reason: string }[] {
    return this.addresses.slice(this.named.length).flatMap((address) => {
      const finding = this.#findings.get(address);
      return finding?.answers === false ? [{ address, reason: finding.reason }] : [];
    });
  }

  toString(): string {
    return this.key;
  }
}

/** The endpoint of an address, or why it can't be used. That of a name has no address yet: its host stands for it. */
export function endpointAt(text: string): ServerEndpoint | EndpointError {
  try {
    const addr = parseRpcAddr(text);
    return new ServerEndpoint(text, addr, [addr.host]);
  } catch (error) {
    if (error instanceof EndpointError) {
      return error;
    }
    throw error;
  }
}
