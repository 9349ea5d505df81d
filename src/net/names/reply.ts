import { isIPv4, isIPv6 } from "node:net";
import { Packet } from "dns2";
import type { Family } from "./query.ts";
import { ResolveError } from "./resolve-error.ts";

export type AnswerRecord =
  | {
      readonly kind: "address";
      readonly owner: string;
      readonly ttlSeconds: number;
      readonly family: Family;
      readonly address: string;
    }
  | { readonly kind: "alias"; readonly owner: string; readonly ttlSeconds: number; readonly target: string };

/** What a nameserver said. */
export type NameserverReply =
  | { readonly kind: "answer"; readonly records: readonly AnswerRecord[] }
  | { readonly kind: "no-such-name" }
  | { readonly kind: "truncated" };

/** RFC 1035, section 4.1.1: the low bits of the header's second word. */
const TRUNCATED = 0b10;
const RCODE_NO_ERROR = 0;
const RCODE_NAME_ERROR = 3;
const RCODE_REFUSED = 5;

/**
 * Reads a message that `isReplyTo` has let through.
 * @throws ResolveError `refused`, `server-failure` or `malformed-answer`: this nameserver is of no use now.
 */
export function decodeReply(message: Buffer): NameserverReply {
  if ((message.readUInt8(2) & TRUNCATED) !== 0) {
    return { kind: "truncated" };
  }
  const rcode = message.readUInt8(3) & 0xf;
  switch (rcode) {
    case RCODE_NO_ERROR:
      return { kind: "answer", records: recordsOf(message) };
    case RCODE_NAME_ERROR:
      return { kind: "no-such-name" };
    case RCODE_REFUSED:
      throw new ResolveError("refused", "refused to answer");
    default:
      throw new ResolveError("server-failure", `failed (response code ${rcode})`);
  }
}

function recordsOf(message: Buffer): AnswerRecord[] {
  const packet = parseAnswerSection(message);
  return packet.answers.flatMap((resource) => {
    const record = recordOf(resource);
    return record === undefined ? [] : [record];
  });
}

// Nothing here uses the authority and additional sections: dns2 does not get to see them.
function parseAnswerSection(message: Buffer): Packet {
  const answered = message.readUInt16BE(6);
  const answersOnly = Buffer.from(message);
  answersOnly.fill(0, 8, 12);
  let packet: Packet;
  try {
    packet = Packet.parse(answersOnly);
  } catch (error) {
    throw malformed("could not be decoded", error);
  }
  if (packet.answers.length !== answered) {
    throw malformed(`holds ${packet.answers.length} of the ${answered} records that it announces`);
  }
  return packet;
}

function recordOf(resource: Packet["answers"][number]): AnswerRecord | undefined {
  const { type, address, domain } = resource;
  if (resource.class !== Packet.CLASS.IN) {
    return undefined;
  }
  const common = { owner: resource.name.toLowerCase(), ttlSeconds: resource.ttl };
  switch (type) {
    case Packet.TYPE.A:
      return { ...common, kind: "address", family: "ipv4", address: literal(address, isIPv4) };
    case Packet.TYPE.AAAA:
      return { ...common, kind: "address", family: "ipv6", address: literal(address, isIPv6) };
    case Packet.TYPE.CNAME:
      return { ...common, kind: "alias", target: (domain ?? "").toLowerCase() };
    default:
      return undefined;
  }
}

function literal(address: string | undefined, isLiteral: (text: string) => boolean): string {
  if (address === undefined || !isLiteral(address)) {
    throw malformed("holds an address of the wrong length");
  }
  return address;
}

function malformed(what: string, cause?: unknown): ResolveError {
  return new ResolveError("malformed-answer", `answer ${what}`, cause === undefined ? {} : { cause });
}
