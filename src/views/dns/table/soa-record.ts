import { encode } from "dns-packet";
import type { RecordData } from "../zone/record.ts";
import { encodeName } from "./domain-name.ts";

export interface SoaRecord {
  readonly bytes: Uint8Array;
  /** Where in `bytes` the zone's name is left out: two zeros each, to be replaced with a pointer to it. */
  readonly zonePointers: readonly number[];
}

const NUMBERS_LENGTH = 20;
/** Type, class and TTL. */
const HEAD_LENGTH = 8;

/**
 * An SOA with the zone's name left out in all three places, as owner and at the end of both names in its data, which
 * may be compressed (RFC 1035 3.3.13). Whole it would take three times the name, and a long one the 512 bytes of an
 * answer.
 */
export function encodeSoa(
  zone: string,
  ttl: number,
  { type, ...fields }: Extract<RecordData, { type: "SOA" }>,
): SoaRecord {
  const message = encode({
    type: "response",
    answers: [{ type, name: ".", ttl, data: { ...fields, mname: ".", rname: "." } }],
  });
  const head = message.subarray(13, 13 + HEAD_LENGTH);
  const server = labelsBefore(zone, fields.mname);
  const mailbox = labelsBefore(zone, fields.rname);
  const data = Buffer.concat([server, POINTER, mailbox, POINTER, message.subarray(-NUMBERS_LENGTH)]);
  const dataStart = POINTER.length + HEAD_LENGTH + 2;
  const first = dataStart + server.length;
  return {
    bytes: Buffer.concat([POINTER, head, Buffer.of(data.length >> 8, data.length & 0xff), data]),
    zonePointers: [0, first, first + POINTER.length + mailbox.length],
  };
}

const POINTER = Uint8Array.of(0, 0);

function labelsBefore(zone: string, name: string): Uint8Array {
  return encodeName(name.slice(0, -zone.length - 1)).subarray(0, -1);
}
