import { Packet } from "dns2";

export type Family = "ipv4" | "ipv6";

/** RFC 1035, section 4.1.1. */
const HEADER_SIZE = 12;
const TYPE_AND_CLASS = 4;

/**
 * The most a datagram may carry here. Without EDNS an answer has at most 512 bytes; 1,232 leaves room for servers that
 * do not care.
 */
export const MAX_UDP_SIZE = 1_232;

/** A message with one question and the ID of one try, and where in it the question ends. */
export interface SentQuery {
  readonly bytes: Buffer;
  readonly questionEnd: number;
}

/** One question for the addresses of a name. */
export interface AddressQuery extends SentQuery {
  readonly name: string;
  readonly family: Family;
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
  const bytes = packet.toBuffer();
  return { name, family, bytes, questionEnd: bytes.length };
}

/**
 * Whether a message answers this query: QR set, opcode QUERY, the same ID, one question and it is ours. dns2's client
 * checks only the ID. Looks at the header and the question alone, so garbage costs nothing. The sender's address is the
 * socket's affair: it is connected.
 */
export function isReplyTo({ bytes, questionEnd }: SentQuery, message: Buffer): boolean {
  if (message.length < questionEnd || message.readUInt16BE(0) !== bytes.readUInt16BE(0)) {
    return false;
  }
  const qrAndOpcode = message.readUInt8(2) >> 3;
  const isResponse = qrAndOpcode === 0b1_0000;
  return (
    isResponse &&
    message.readUInt16BE(4) === 1 &&
    nameOf(message, questionEnd) === nameOf(bytes, questionEnd) &&
    message.compare(
      bytes,
      questionEnd - TYPE_AND_CLASS,
      questionEnd,
      questionEnd - TYPE_AND_CLASS,
      questionEnd,
    ) === 0
  );
}

// Servers may change the case of the name.
function nameOf(message: Buffer, questionEnd: number): string {
  return message.toString("latin1", HEADER_SIZE, questionEnd - TYPE_AND_CLASS).toLowerCase();
}
