import ipaddr from "ipaddr.js";

/**
 * The label that stands for an address under `addr.Z`: `10-0-0-1`, `2001-db8--1`. A label that would begin or end
 * with a hyphen gets a zero there (`::1` is `0--1`), because resolver libraries refuse such host names (RFC 952).
 */
export function addressLabel(address: string): string {
  const label = address.replaceAll(/[.:]/g, "-");
  return `${label.startsWith("-") ? "0" : ""}${label}${label.endsWith("-") ? "0" : ""}`;
}

/** The address a label stands for, in its canonical form, or undefined when it stands for none. */
export function addressOfLabel(label: string): string | undefined {
  if (/^\d{1,3}(-\d{1,3}){3}$/.test(label)) {
    const address = label.replaceAll("-", ".");
    return ipaddr.IPv4.isValidFourPartDecimal(address) ? address : undefined;
  }
  if (!/^[0-9a-f-]{2,39}$/i.test(label)) {
    return undefined;
  }
  const address = label.replaceAll("-", ":");
  return ipaddr.IPv6.isValid(address) ? ipaddr.IPv6.parse(address).toRFC5952String() : undefined;
}

/** The label that stands for an address under Consul's `addr.consul`: its bytes in hexadecimal, `0a000001`. */
export function hexAddressLabel(address: string): string {
  return Buffer.from(ipaddr.parse(address).toByteArray()).toString("hex");
}

/** The address that a label of Consul's stands for, in its canonical form, or undefined when it stands for none. */
export function addressOfHexLabel(label: string): string | undefined {
  const bytes = [...Buffer.from(label, "hex")];
  if (/^[0-9a-f]{8}$/i.test(label)) {
    return bytes.join(".");
  }
  return /^[0-9a-f]{32}$/i.test(label) ? new ipaddr.IPv6(bytes).toRFC5952String() : undefined;
}
