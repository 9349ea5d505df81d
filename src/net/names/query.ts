import { Packet } from "dns2";

export type Family = "ipv4" | "ipv6";

/** RFC 1035, section 4.1.1. */
const HEADER_SIZE = 12;

/**
 * The most a datagram may carry here. Without EDNS an answer has at most 512 bytes; 1,232 leaves room for servers that
 * do not care.
 */
export const MAX_UDP_SIZE = 1_232;

/** One question for the addresses of a name, with the ID of one try. */
export interface AddressQuery {
  readonly name: string;
  readonly family: Family;
  readonly bytes: Buffer;
}

/**
 * Encodes a recursive question with a random ID (RFC 5452). Without EDNS: a short list of addresses fits in 512 bytes,
 * a long one comes by TCP.
 */
export function encodeQuery(name: string, family: Family): AddressQuery {
  const packet = new Packet();
  packet.header = new Packet.Header({ id: Packet.uuid(), rd: 1 });
  packet.questions = [
    new Packet.Question(name, family === "ipv4" ? Packet.TYPE.A : Packet.TYPE.AAAA, Packet.CLASS.IN),
  ];
  return { name, family, bytes: packet.toBuffer() };
}

/**
 * Whether a message answers this query: QR set, opcode QUERY, the same ID, one question and it is ours. dns2's client
 * checks only the ID. Looks at the header and the question alone, so garbage costs nothing. The sender's address is the
 * socket's affair: it is connected.
 */
export function isReplyTo(query: AddressQuery, message: Buffer): boolean {
  const { bytes } = query;
  if (message.length < bytes.length || message.readUInt16BE(0) !== bytes.readUInt16BE(0)) {
    return false;
  }
  const qrAndOpcode = message.readUInt8(2) >> 3;
  const isResponse = qrAndOpcode === 0b1_0000;
  return (
    isResponse &&
    message.readUInt16BE(4) === 1 &&
    questionOf(message, bytes.length) === questionOf(bytes, bytes.length)
  );
}

// Servers may change the case of the name. The bytes of type and class are none that lower-casing confuses with ours.
function questionOf(message: Buffer, end: number): string {
  return message.toString("latin1", HEADER_SIZE, end).toLowerCase();
}
