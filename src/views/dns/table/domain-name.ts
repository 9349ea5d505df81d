/** A name in lower-case wire form: length-prefixed labels and the root (RFC 1035 3.1). The name must be valid. */
export function encodeName(name: string): Uint8Array {
  const labels = name === "" ? [] : name.toLowerCase().split(".");
  const wire = new Uint8Array(labels.reduce((sum, label) => sum + label.length + 1, 1));
  let offset = 0;
  for (const label of labels) {
    wire[offset] = label.length;
    for (let i = 0; i < label.length; i++) {
      wire[offset + 1 + i] = label.charCodeAt(i);
    }
    offset += label.length + 1;
  }
  return wire;
}

/** Whether DNS has room for the name, whatever its characters. Source: RFC 1035 §2.3.4. */
export function isSpellable(name: string): boolean {
  return name.length <= 253 && name.split(".").every((label) => label.length <= 63);
}

/** FNV-1a, 32 bits; the one hash over names. Start with `HASH_START`, add each byte. */
export const HASH_START = 0x811c9dc5 | 0;

export function hashByte(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

export function hashName(wire: Uint8Array): number {
  return wire.reduce(hashByte, HASH_START);
}
