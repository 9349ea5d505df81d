/** Answers as bytes, made once per change of a list: what the answering thread copies for each query. */
import { type Answer, encode } from "dns-packet";
import type { Nameserver } from "../../../net/names/nameserver.ts";
import { type ExtendedError, RCODE, type Rcode, type ResourceRecord, TYPE } from "../zone/record.ts";
import type { ZoneNode, ZoneNodes } from "../zone/zone.ts";
import { answeredTypes, nodeExtendedError, positiveReply, type ZoneReply } from "../zone/zone-answer.ts";
import { encodeName } from "./domain-name.ts";
import { encodeSoa, type SoaRecord } from "./soa-record.ts";

/** What follows the question of an answer, and the numbers of the header. Plain data: it is posted to a thread. */
export interface EncodedReply {
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly extendedError: ExtendedError | undefined;
  /** A question with this answer may wait for a better one. */
  readonly mayWait: boolean;
  readonly answerCount: number;
  readonly authorityCount: number;
  readonly additionalCount: number;
  /** Answer, authority and additional records; names point at the question, at offset 12, so its length must match. */
  readonly records: Uint8Array;
  /** Bytes of answer and authority: what an answer can't do without. */
  readonly requiredLength: number;
  /**
   * Where each record of the answer ends, when as many as fit are an answer, marked as truncated; empty: all or none.
   */
  readonly answerEnds: Uint16Array;
  /**
   * Where in `records` a pointer to the zone's name belongs: every question about the zone ends with that name, at an
   * offset that only the question tells.
   */
  readonly zonePointers: readonly number[];
  /** Bytes of the zone's name, where something points at it. */
  readonly zoneLength: number;
}

export interface EncodedName {
  /** Lower-case wire form. */
  readonly name: Uint8Array;
  /** By query type. */
  readonly replies: ReadonlyMap<number, EncodedReply>;
  /** For the answer that there is no record of a type. */
  readonly extendedError: ExtendedError | undefined;
  /** Where to note that the name was asked for; `NO_SLOT`: nowhere. */
  readonly useSlot: number;
}

/** Of names that are there whether they are asked for or not. */
export const NO_SLOT = -1;

export interface AnswerTable {
  readonly domain: string;
  readonly names: readonly EncodedName[];
  /** NXDOMAIN, for every unknown name of the zone. */
  readonly unknownName: EncodedReply;
  /** NODATA, for every type a name does not have. */
  readonly noData: EncodedReply;
  /** The zone of Consul's names, where it is served. */
  readonly consul?: ConsulTable | undefined;
}

export interface ConsulTable extends Omit<AnswerTable, "consul"> {
  /** What is answered of the domain. */
  readonly subtrees: readonly string[];
  /** Who is asked what else lies under the domain; absent: nobody. */
  readonly forwardTo?: Nameserver | undefined;
}

// 65,535 bytes of a TCP message, less header, the longest question (259) and an OPT with an extended error (17).
const MAX_RECORDS_LENGTH = 65_535 - 12 - 259 - 17;

/** Of an answer that is given whole or not at all. */
export const NO_ENDS = new Uint16Array();

// The question's name always starts right after the header: a pointer to it is two bytes instead of some thirty.
const POINTER_TO_QUESTION = Uint8Array.of(0xc0, 12);

export function encodeNodes(nodes: ZoneNodes, useSlot = NO_SLOT): readonly EncodedName[] {
  return Array.from(nodes, ([name, node]) => encodeNode(name, node, useSlot));
}

export function encodeNode(name: string, node: ZoneNode, useSlot = NO_SLOT): EncodedName {
  const replies = new Map<number, EncodedReply>();
  for (const type of answeredTypes(node)) {
    const reply = positiveReply(node, type);
    if (reply !== undefined) {
      const encoded = encodeReply(name, reply);
      replies.set(TYPE[type], encoded);
      // RFC 8482 4.1: to ANY one RRset is answer enough.
      replies.set(TYPE.ANY, replies.get(TYPE.ANY) ?? encoded);
    }
  }
  return { name: encodeName(name), replies, extendedError: nodeExtendedError(node), useSlot };
}

/** The two answers that say "no", alike for all names but for the question. */
export function encodeNegative(soa: ResourceRecord): Pick<AnswerTable, "unknownName" | "noData"> {
  const noData: ZoneReply = {
    rcode: RCODE.NOERROR,
    authoritative: true,
    answer: [],
    authority: [soa],
    additional: [],
    extendedError: undefined,
    mayWait: false,
    isDivisible: false,
  };
  return {
    noData: encodeReply(undefined, noData),
    unknownName: encodeReply(undefined, { ...noData, rcode: RCODE.NXDOMAIN }),
  };
}

/** Encodes a reply to a question about `questionName`; with undefined, to a question about any name. */
function encodeReply(questionName: string | undefined, reply: ZoneReply): EncodedReply {
  const soa = reply.answer[0] ?? reply.authority[0];
  if (soa?.data.type === "SOA") {
    // It is alone in its section, and the other one is empty.
    const zoneLength = encodeName(soa.name).length;
    return encodeSoaReply(reply, encodeSoa(soa.name, soa.ttl, soa.data), zoneLength);
  }
  const answer = fitting(encodeRecords(questionName, reply.answer));
  const authority = encodeRecords(questionName, reply.authority);
  const required = [...answer, ...authority];
  const requiredLength = totalLength(required);
  const additional = encodeRecords(questionName, reply.additional);
  const complete = requiredLength + totalLength(additional) <= MAX_RECORDS_LENGTH;
  return {
    rcode: reply.rcode,
    authoritative: reply.authoritative,
    extendedError: reply.extendedError,
    mayWait: reply.mayWait,
    answerCount: answer.length,
    authorityCount: authority.length,
    additionalCount: complete ? additional.length : 0,
    records: concatenated(complete ? [...required, ...additional] : required),
    requiredLength,
    answerEnds: reply.isDivisible ? endsOf(answer) : NO_ENDS,
    zonePointers: [],
    zoneLength: 0,
  };
}

function encodeSoaReply(
  reply: ZoneReply,
  { bytes, zonePointers }: SoaRecord,
  zoneLength: number,
): EncodedReply {
  return {
    rcode: reply.rcode,
    authoritative: reply.authoritative,
    extendedError: reply.extendedError,
    mayWait: reply.mayWait,
    answerCount: reply.answer.length,
    authorityCount: reply.authority.length,
    additionalCount: 0,
    records: concatenated([bytes]),
    requiredLength: bytes.length,
    answerEnds: NO_ENDS,
    zonePointers,
    zoneLength,
  };
}

/** As many records as one message can hold, from the first: of a list in failover order the useful part. */
function fitting(records: readonly Uint8Array[]): readonly Uint8Array[] {
  let length = 0;
  const end = records.findIndex((record) => {
    length += record.length;
    return length > MAX_RECORDS_LENGTH;
  });
  return end === -1 ? records : records.slice(0, end);
}

const HEADER_LENGTH = 12;
/** Type, class, TTL and the length of the data, which ends it. */
const FIXED_LENGTH = 10;

/** Record by record. Names inside their data stay whole: compressing an SRV target is forbidden (RFC 2782). */
function encodeRecords(
  questionName: string | undefined,
  records: readonly ResourceRecord[],
): readonly Uint8Array[] {
  // One message with all of them, owned by the root, which is one byte: the owners are put in its place here.
  const message = encode({ type: "response", answers: records.map(packetAnswer) });
  let offset = HEADER_LENGTH;
  return records.map((record) => {
    const start = offset + 1;
    offset = start + FIXED_LENGTH + message.readUInt16BE(start + FIXED_LENGTH - 2);
    const owner = record.name === questionName ? POINTER_TO_QUESTION : encodeName(record.name);
    return concatenated([owner, message.subarray(start, offset)]);
  });
}

function packetAnswer({ ttl, data }: ResourceRecord): Answer {
  switch (data.type) {
    case "A":
    case "AAAA":
      return { type: data.type, name: ".", ttl, data: data.address };
    case "NS":
      return { type: "NS", name: ".", ttl, data: data.target };
    case "TXT":
      return { type: "TXT", name: ".", ttl, data: data.strings.map((text) => Buffer.from(text, "latin1")) };
    case "SRV": {
      const { type, ...fields } = data;
      return { type, name: ".", ttl, data: fields };
    }
    case "SOA":
      throw new Error("an SOA record stands alone");
  }
}

function endsOf(pieces: readonly Uint8Array[]): Uint16Array {
  let end = 0;
  return Uint16Array.from(pieces, (piece) => {
    end += piece.length;
    return end;
  });
}

function totalLength(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}

function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  // Never from the pool that Buffers share: the whole underlying memory goes along when a view is posted.
  const whole = new Uint8Array(totalLength(pieces));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}
