/** What Nomad's servers put on the wire. A `bigint` stands for a signed Go integer, a `number` for an unsigned one. */
export type RawValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly RawValue[]
  | { readonly [key: string]: RawValue };

/**
 * Encodes as Nomad's servers do: msgpack before its 2013 revision, with one raw family for text and bytes (never str 8,
 * never bin). npm's encoders write the newer form only. For the stand-in server; a client's requests may use either.
 */
export function encodeRaw(value: RawValue): Buffer {
  if (value === null) {
    return Buffer.of(0xc0);
  }
  if (typeof value === "boolean") {
    return Buffer.of(value ? 0xc3 : 0xc2);
  }
  if (typeof value === "number") {
    return encodeUnsigned(value);
  }
  if (typeof value === "bigint") {
    return encodeSigned(value);
  }
  return typeof value === "string" ? encodeBytes(Buffer.from(value)) : encodeObject(value);
}

function encodeObject(value: Exclude<RawValue, null | boolean | number | bigint | string>): Buffer {
  if (value instanceof Uint8Array) {
    return encodeBytes(value);
  }
  if (isArray(value)) {
    return Buffer.concat([head(value.length, 0x90, 15, 0xdc), ...value.map(encodeRaw)]);
  }
  const entries = Object.entries(value);
  const parts = entries.flatMap(([key, entry]) => [encodeRaw(key), encodeRaw(entry)]);
  return Buffer.concat([head(entries.length, 0x80, 15, 0xde), ...parts]);
}

// Array.isArray doesn't narrow readonly arrays.
function isArray(value: object): value is readonly RawValue[] {
  return Array.isArray(value);
}

function encodeBytes(bytes: Uint8Array): Buffer {
  return Buffer.concat([head(bytes.length, 0xa0, 31, 0xda), bytes]);
}

/** A count in the type byte while it fits, else in two or four bytes after `long16` or its successor. */
function head(count: number, fix: number, fixMost: number, long16: number): Buffer {
  if (count <= fixMost) {
    return Buffer.of(fix | count);
  }
  return count <= 0xffff ? bigEndian(long16, count, 2) : bigEndian(long16 + 1, count, 4);
}

function encodeUnsigned(value: number): Buffer {
  if (value <= 0x7f) {
    return Buffer.of(value);
  }
  if (value <= 0xff) {
    return Buffer.of(0xcc, value);
  }
  return value <= 0xffff ? bigEndian(0xcd, value, 2) : encodeLargeUnsigned(value);
}

function encodeLargeUnsigned(value: number): Buffer {
  return value <= 0xffff_ffff ? bigEndian(0xce, value, 4) : wide(0xcf, BigInt(value));
}

function encodeSigned(value: bigint): Buffer {
  return value >= 0n && value <= 0x7fn ? Buffer.of(Number(value)) : wide(0xd3, value);
}

function bigEndian(type: number, value: number, bytes: 2 | 4): Buffer {
  const buffer = Buffer.alloc(1 + bytes, type);
  buffer.writeUIntBE(value, 1, bytes);
  return buffer;
}

function wide(type: number, value: bigint): Buffer {
  const buffer = Buffer.alloc(9, type);
  buffer.writeBigInt64BE(value, 1);
  return buffer;
}
