import { hashOfIpv4, hashOfIpv6, ipv6Groups, type UdpSource } from "../udp-source.ts";

/** Of an IPv6 address, the longest that comes in. */
export const MAX_ADDRESS_LENGTH = 28;
const IPV4_NAME_LENGTH = 16;

export const AF_INET = 2;
export const AF_INET6 = 10;

// `struct sockaddr_in`: family (2 bytes), port (2), address (4). `struct sockaddr_in6`: family (2), port (2), flow (4),
// address (16), scope (4). Port and address are in network order, the others in the machine's, the lowest byte first.
const PORT_AT = 2;
const IPV4_AT = 4;
const IPV6_AT = 8;
const IPV6_END = 24;
const SCOPE_AT = IPV6_END;

/** An address as the kernel writes it: read and written in place, for each query. */
export class KernelAddress implements UdpSource {
  readonly bytes = Buffer.alloc(MAX_ADDRESS_LENGTH);
  /** How many of the bytes are the address. */
  length = 0;

  get port(): number {
    return this.#word(PORT_AT);
  }

  get isLoopback(): boolean {
    const { bytes } = this;
    if (!this.#isIpv6()) {
      return bytes[IPV4_AT] === 127;
    }
    for (let i = IPV6_AT; i < IPV6_END - 1; i++) {
      if (bytes[i] !== 0) {
        return false;
      }
    }
    return bytes[IPV6_END - 1] === 1;
  }

  get network(): number {
    const { bytes } = this;
    return this.#isIpv6()
      ? hashOfIpv6(this.#word(8), this.#word(10), this.#word(12), this.#word(14))
      : hashOfIpv4(bytes[4] ?? 0, bytes[5] ?? 0, bytes[6] ?? 0);
  }

  /** `host` is an IP literal as the system writes it; `scopeOf` gives the number of a network interface. */
  set(host: string, port: number, scopeOf: (name: string) => number): void {
    const { bytes } = this;
    bytes.fill(0);
    if (host.includes(":")) {
      this.length = MAX_ADDRESS_LENGTH;
      bytes[0] = AF_INET6;
      const scopeMark = host.indexOf("%");
      ipv6Groups(host).forEach((group, i) => {
        bytes.writeUInt16BE(group, IPV6_AT + i * 2);
      });
      bytes.writeUInt32LE(scopeMark === -1 ? 0 : scopeOf(host.slice(scopeMark + 1)), SCOPE_AT);
    } else {
      this.length = IPV4_NAME_LENGTH;
      bytes[0] = AF_INET;
      host.split(".").forEach((part, i) => {
        bytes[IPV4_AT + i] = Number(part);
      });
    }
    bytes.writeUInt16BE(port, PORT_AT);
  }

  copy(): KernelAddress {
    const copy = new KernelAddress();
    copy.copyFrom(this);
    return copy;
  }

  copyFrom({ bytes, length }: KernelAddress): void {
    this.bytes.set(bytes);
    this.length = length;
  }

  /** The same for the same address. */
  key(): string {
    return this.bytes.toString("latin1", 0, this.length);
  }

  #isIpv6(): boolean {
    return this.bytes[0] === AF_INET6;
  }

  #word(offset: number): number {
    return ((this.bytes[offset] ?? 0) << 8) | (this.bytes[offset + 1] ?? 0);
  }
}
