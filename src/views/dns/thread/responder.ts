import type { Counters } from "../counters.ts";
import {
  type AnswerTable,
  type ConsulTable,
  type EncodedName,
  type EncodedReply,
  encodeNode,
  NO_ENDS,
  NO_SLOT,
} from "../table/answer-table.ts";
import { encodeName, hashName } from "../table/domain-name.ts";
import { USE_MARK } from "../use-mark.ts";
import { addressOfHexLabel, addressOfLabel } from "../zone/address-name.ts";
import { CLASS_IN, EXTENDED_ERROR, type ExtendedError, RCODE, type Rcode, TYPE } from "../zone/record.ts";
import { addressNode } from "../zone/zone.ts";
import type { Demand } from "./demand.ts";
import type { Forwarded, Forwarder } from "./forwarder.ts";
import { HEADER_LENGTH, Query } from "./query.ts";
import { poolOfConsulName, poolOfOwnName } from "./wanted-pool.ts";

/**
 * What the server takes, and sends over UDP: fits one packet of every IPv6 path, so no fragment (DNS flag day 2020).
 */
export const MAX_UDP_PAYLOAD = 1232;
const MAX_TCP_MESSAGE = 65_535;
/** Room before a reply: for its length over TCP. */
const MAX_ROOM = 2;
/**
 * What a source over UDP gets that may be forged: what fits in DNS without EDNS, so that a query of 60 bytes brings a
 * victim 9 times as much at most, instead of 20. An SRV answer with a name of 60 bytes and its address takes some
 * 200.
 */
const MAX_FAR_PAYLOAD = 512;
const OPT_LENGTH = 11;
const EXTENDED_ERROR_LENGTH = 6;
const EXTENDED_ERROR_OPTION = 15;
/** In place of a reply: the pool is there, and may have a server in a moment. */
export const WAITS = "waits";
/** The same: the pool may be there in a moment. */
export const WAITS_BRIEFLY = "waits-briefly";
export type Wait = typeof WAITS | typeof WAITS_BRIEFLY;
/** In place of a reply: another server is to be asked. */
export const FORWARDS = "forwards";
const UNDERSCORE = 0x5f;
const ADDR_LABEL = encodeName("addr").subarray(0, 5);
const ALL_LABEL = encodeName("all").subarray(0, 4);

/**
 * How a message came, which decides how much is answered. `udp`: from this machine. `far-udp`: its source may be
 * forged, and does not get lists. `slip`: it gets no more than it sent, truncated, so that who really asked comes by
 * TCP.
 */
export type Way = "udp" | "far-udp" | "slip" | "tcp";

/**
 * Messages to replies: one per thread, holding the table of the moment. What is in the table is only looked up and
 * copied; names that spell an unlisted address are encoded for each query.
 *
 * More than 250 lines, because every question takes this way, and calls between files cost some of its microsecond.
 */
export class Responder {
  readonly #counters: Counters;
  readonly #demand: Demand | undefined;
  readonly #uses: Uint8Array;
  readonly #asked: ((slot: number) => void) | undefined;
  readonly #forwarder: Pick<Forwarder, "forward"> | undefined;
  readonly #query = new Query();
  #origin = origin("");
  #consul: ConsulOrigins | undefined;
  #names = new Map<number, EncodedName[]>();
  #noData = bare(RCODE.SERVFAIL);
  #unknownName = bare(RCODE.SERVFAIL);
  /** For a reply until it is copied: how long it will be is known when it is written. */
  readonly #draft = Buffer.allocUnsafe(MAX_ROOM + MAX_TCP_MESSAGE);
  /** Where the present reply is written, behind so many bytes. */
  #out: Uint8Array = this.#draft;
  #room = 0;

  /** Without `parts` no question starts a pool, and none is forwarded. */
  constructor(
    counters: Counters,
    { asked, demand, forwarder, uses = new Uint8Array() }: Partial<Parts> = {},
  ) {
    this.#counters = counters;
    this.#demand = demand;
    this.#forwarder = forwarder;
    this.#uses = uses;
    this.#asked = asked;
  }

  /** Answers from now on come from this table: no query sees half of one. */
  replace(table: AnswerTable): void {
    const names = [...table.names, ...(table.consul?.names ?? [])];
    this.#origin = origin(table.domain);
    this.#consul = table.consul && consulOrigins(table.consul);
    this.#names = Map.groupBy(names, ({ name }) => hashName(name));
    this.#noData = table.noData;
    this.#unknownName = table.unknownName;
  }

  /**
   * The reply to a message, or undefined when it gets none; a `Wait` when a better one than "not ready" may come in a
   * moment; `FORWARDS` when another server is to be asked. `room` bytes before the reply, at most 2, are left free.
   * Never throws, keeps nothing of `message`, and hands out fresh memory: the kernel may still be reading the last one.
   */
  respond(message: Uint8Array, way: Way, room = 0): Buffer | Wait | typeof FORWARDS | undefined {
    this.#out = this.#draft;
    this.#room = room;
    const reply = this.#respond(message, way);
    if (typeof reply === "string") {
      return reply;
    }
    return reply === 0 ? undefined : this.#copy(reply);
  }

  /**
   * The same, written to `out`, which has to hold `MAX_UDP_PAYLOAD` bytes: the length of the reply, or 0 when the
   * message gets none.
   */
  respondInto(
    out: Uint8Array,
    message: Uint8Array,
    way: Exclude<Way, "tcp">,
  ): number | Wait | typeof FORWARDS {
    this.#out = out;
    this.#room = 0;
    return this.#respond(message, way);
  }

  #copy(length: number): Buffer {
    const reply = Buffer.allocUnsafe(length);
    this.#draft.copy(reply, 0, 0, length);
    return reply;
  }

  #respond(message: Uint8Array, way: Way): number | Wait | typeof FORWARDS {
    const query = this.#query;
    const verdict = query.read(message);
    // What can't be read is no client's that could come again by TCP.
    if (verdict === "drop" || (way === "slip" && verdict !== "question")) {
      this.#counters.event("dropped");
      return 0;
    }
    this.#counters.request(way === "tcp" ? "tcp" : "udp", query.type);
    switch (verdict) {
      case "malformed":
        // An OPT that can't be trusted is not answered with one.
        query.hasOpt = false;
        return this.#write(message, way, MALFORMED);
      case "unsupported":
        return this.#write(message, way, UNSUPPORTED);
      case "bad-version":
        return this.#write(message, way, BAD_VERSION);
      case "question":
        return this.#answer(message, way);
    }
  }

  /** Whether there is still nothing better to say to a question that waits. */
  stillWaits(question: Uint8Array): boolean {
    this.#query.read(question);
    const known = this.#knownName();
    if (known !== undefined) {
      return known.replies.get(this.#query.type)?.mayWait === true;
    }
    const pool = this.#wantedPool();
    return pool !== undefined && this.#demand?.held(pool, performance.now()) === "starting";
  }

  /** The reply to a question that has waited: whatever there is now, or `FORWARDS`. It was counted when it came. */
  respondLate(question: Uint8Array, way: Way, room = 0): Buffer | typeof FORWARDS {
    this.#out = this.#draft;
    this.#room = room;
    this.#query.read(question);
    const reply = this.#answer(question, way);
    if (reply === FORWARDS) {
      return reply;
    }
    return this.#copy(typeof reply === "string" ? this.#notReady(question, way) : reply);
  }

  /** Has another server asked; `answer` is called once, later, with the reply, unless the thread ends before. */
  forward(message: Uint8Array, way: Way, room: number, answer: (reply: Buffer) => void): void {
    const to = this.#consul?.forwardTo;
    if (to === undefined) {
      throw new Error("a question is forwarded only by a table that says where to");
    }
    const question = new Uint8Array(message);
    this.#query.read(question);
    const { questionEnd } = this.#query;
    const transport = way === "tcp" ? "tcp" : "udp";
    this.#forwarder?.forward({ to, message: question, questionEnd, transport }, (forwarded) => {
      this.#out = this.#draft;
      this.#room = room;
      this.#query.read(question);
      answer(this.#copy(this.#writeForwarded(question, way, forwarded)));
    });
  }

  #writeForwarded(question: Uint8Array, way: Way, forwarded: Forwarded): number {
    switch (forwarded) {
      case "none":
        return this.#write(question, way, REFUSED);
      case "failed":
        return this.#write(question, way, FAILED, EXTENDED_ERROR.NO_REACHABLE_AUTHORITY);
      default:
        return this.#write(question, way, forwarded);
    }
  }

  #answer(message: Uint8Array, way: Way): number | Wait | typeof FORWARDS {
    const { type } = this.#query;
    if (type === TYPE.AXFR || type === TYPE.IXFR) {
      return this.#write(message, way, way === "tcp" ? REFUSED : UNSUPPORTED);
    }
    if (this.#query.class !== CLASS_IN) {
      return this.#write(message, way, REFUSED);
    }
    const known = this.#knownName() ?? this.#addressName() ?? this.#consulAddressName();
    if (known === undefined) {
      return this.#answerUnknown(message, way);
    }
    if (known.useSlot !== NO_SLOT) {
      this.#noteUse(known.useSlot);
    }
    const reply = known.replies.get(type);
    if (reply === undefined) {
      return this.#write(message, way, this.#noDataHere(), known.extendedError);
    }
    return reply.mayWait && way !== "slip"
      ? WAITS
      : this.#write(message, this.#wayOfKnown(way), reply, reply.extendedError);
  }

  #noteUse(slot: number): void {
    const mark = this.#uses[slot];
    if (mark === USE_MARK.ASKED || mark === undefined) {
      return;
    }
    if (Atomics.exchange(this.#uses, slot, USE_MARK.ASKED) === USE_MARK.AWAITED) {
      this.#asked?.(slot);
    }
  }

  /** A service of Consul's may have the name, and its pool start now; what no pool is for, Consul's DNS may know. */
  #answerUnknown(message: Uint8Array, way: Way): number | Wait | typeof FORWARDS {
    if (this.#isAboveServices()) {
      return this.#write(message, way, this.#noDataHere());
    }
    const pool = this.#wantedPool();
    const verdict = pool === undefined ? undefined : this.#demand?.verdictOn(pool, performance.now());
    if (verdict === "starting" && way !== "slip") {
      return WAITS_BRIEFLY;
    }
    if (verdict !== "unknown" && this.#isForwarded()) {
      return way === "slip" ? this.#write(message, way, COME_BY_TCP) : FORWARDS;
    }
    return verdict === undefined || verdict === "unknown"
      ? this.#write(message, way, this.#unknownNameHere())
      : this.#notReady(message, way);
  }

  /**
   * `_tcp.service.consul`, and the same with a tag: names of services lie below, so it exists, and has no record (RFC
   * 8020). unbound asks for it first, and takes "no such name" for a failure.
   */
  #isAboveServices(): boolean {
    const { labelCount, name } = this.#query;
    const services = name[1] === UNDERSCORE ? this.#consul?.services : undefined;
    return services?.some((domain) => labelCount === domain.labels + 1 && this.#isUnder(domain)) === true;
  }

  #notReady(message: Uint8Array, way: Way): number {
    return this.#write(message, way, NOT_READY, EXTENDED_ERROR.NOT_READY);
  }

  /** The pool that a question is about whose name is not in the table, where questions start pools. */
  #wantedPool(): string | undefined {
    const settings = this.#demand?.settings;
    if (settings === undefined) {
      return undefined;
    }
    if (this.#isUnder(this.#origin)) {
      return poolOfOwnName(this.#labelsBefore(this.#origin));
    }
    const services = settings.consulNames ? this.#consul?.services : undefined;
    const subtree = services?.find((domain) => this.#isUnder(domain));
    return subtree && poolOfConsulName(this.#labelsBefore(subtree));
  }

  #labelsBefore(end: Origin): readonly string[] {
    const { labelCount, labelStarts, name } = this.#query;
    return Array.from({ length: labelCount - end.labels }, (_, label) => {
      const start = (labelStarts[label] ?? 0) + 1;
      return Buffer.from(name.subarray(start, labelStarts[label + 1])).toString("latin1");
    });
  }

  #isForwarded(): boolean {
    const consul = this.#consul;
    return consul?.forwardTo !== undefined && this.#forwarder !== undefined && this.#isUnder(consul.origin);
  }

  #noDataHere(): EncodedReply {
    const consul = this.#consul;
    return consul !== undefined && this.#isUnder(consul.origin) ? consul.noData : this.#noData;
  }

  #unknownNameHere(): EncodedReply {
    if (this.#isUnder(this.#origin)) {
      return this.#unknownName;
    }
    const consul = this.#consul;
    return consul?.subtrees.some((subtree) => this.#isUnder(subtree)) === true ? consul.unknownName : REFUSED;
  }

  #knownName(): EncodedName | undefined {
    const candidates = this.#names.get(this.#query.nameHash);
    if (candidates !== undefined) {
      for (const candidate of candidates) {
        if (this.#isNamed(candidate.name)) {
          return candidate;
        }
      }
    }
    return undefined;
  }

  #isNamed(name: Uint8Array): boolean {
    return name.length === this.#query.nameLength && this.#endsWith(name, 0);
  }

  #isUnder({ labels, wire }: Origin): boolean {
    const start = this.#query.labelStarts[this.#query.labelCount - labels];
    return (
      start !== undefined && this.#query.nameLength - start === wire.length && this.#endsWith(wire, start)
    );
  }

  /** The list of a pool, `_P._tcp.all.<domain>`, is for sources that are not forged, however short it is. */
  #wayOfKnown(way: Way): Way {
    const { labelCount, labelStarts, name } = this.#query;
    const isList = labelCount === this.#origin.labels + 3 && startsWith(ALL_LABEL, name, labelStarts[2] ?? 0);
    return isList && way === "far-udp" ? "slip" : way;
  }

  #endsWith(suffix: Uint8Array, start: number): boolean {
    const { name } = this.#query;
    for (let i = 0; i < suffix.length; i++) {
      if (name[start + i] !== suffix[i]) {
        return false;
      }
    }
    return true;
  }

  /**
   * `<address>.addr.<domain>` for an address that is not listed, or spelled in another way: there are 2^128 of them, so
   * their answers are made when they are asked for.
   */
  #addressName(): EncodedName | undefined {
    const { labelCount, labelStarts, name } = this.#query;
    const start = labelStarts[1] ?? 0;
    if (
      labelCount !== this.#origin.labels + 2 ||
      !this.#isUnder(this.#origin) ||
      !startsWith(ADDR_LABEL, name, start)
    ) {
      return undefined;
    }
    const label = Buffer.from(name.subarray(1, start)).toString("latin1");
    const address = addressOfLabel(label);
    return nodeOf(address, `${label}.addr.${this.#origin.domain}`);
  }

  /** The same as Consul spells it, listed or not: `0a000001.addr.consul`. */
  #consulAddressName(): EncodedName | undefined {
    const consul = this.#consul;
    const { labelCount, labelStarts, name } = this.#query;
    if (
      consul === undefined ||
      labelCount !== consul.addresses.labels + 1 ||
      !this.#isUnder(consul.addresses)
    ) {
      return undefined;
    }
    const label = Buffer.from(name.subarray(1, labelStarts[1])).toString("latin1");
    return nodeOf(addressOfHexLabel(label), `${label}.${consul.addresses.domain}`);
  }

  #write(message: Uint8Array, way: Way, reply: EncodedReply, extendedError?: ExtendedError): number {
    const query = this.#query;
    const out = this.#out;
    const room = this.#room;
    const withError = query.hasOpt && extendedError !== undefined && way !== "slip";
    const optLength = query.hasOpt ? OPT_LENGTH + (withError ? EXTENDED_ERROR_LENGTH : 0) : 0;
    const limit = way === "tcp" ? MAX_TCP_MESSAGE : Math.min(query.payloadSize, largestUdp(way));
    const space = limit - query.questionEnd - optLength;
    const isWhole = way !== "slip" && reply.records.length <= space;
    const isTruncated = way === "slip" || reply.requiredLength > space;
    const cutCount = isTruncated && way !== "slip" ? countFitting(reply.answerEnds, space) : 0;
    const records = isWhole
      ? reply.records
      : reply.records.subarray(0, isTruncated ? (reply.answerEnds[cutCount - 1] ?? 0) : reply.requiredLength);
    out[room] = message[0] ?? 0;
    out[room + 1] = message[1] ?? 0;
    // QR; opcode and RD as asked; AA and TC.
    out[room + 2] =
      0x80 | ((message[2] ?? 0) & 0x79) | (reply.authoritative ? 0x04 : 0) | (isTruncated ? 0x02 : 0);
    out[room + 3] = reply.rcode & 0x0f;
    writeWord(out, room + 4, query.questionEnd > HEADER_LENGTH ? 1 : 0);
    writeWord(out, room + 6, isTruncated ? cutCount : reply.answerCount);
    writeWord(out, room + 8, isTruncated ? 0 : reply.authorityCount);
    writeWord(out, room + 10, (isWhole ? reply.additionalCount : 0) + (query.hasOpt ? 1 : 0));
    for (let i = HEADER_LENGTH; i < query.questionEnd; i++) {
      out[room + i] = message[i] ?? 0;
    }
    out.set(records, room + query.questionEnd);
    if (!isTruncated && reply.zonePointers.length > 0) {
      this.#writeZonePointers(out, room + query.questionEnd, reply);
    }
    if (query.hasOpt) {
      this.#writeOpt(
        out,
        room + query.questionEnd + records.length,
        reply.rcode,
        withError ? extendedError : undefined,
      );
    }
    if (isTruncated) {
      this.#counters.event("truncated");
    }
    if (extendedError === EXTENDED_ERROR.STALE_ANSWER) {
      this.#counters.event("stale");
    }
    this.#counters.response(reply.rcode);
    return room + query.questionEnd + records.length + optLength;
  }

  #writeZonePointers(out: Uint8Array, start: number, { zoneLength, zonePointers }: EncodedReply): void {
    // The question's name ends with the zone's, and with type and class behind it. A pointer counts from the header.
    const zoneStart = this.#query.questionEnd - 4 - zoneLength;
    for (let i = 0; i < zonePointers.length; i++) {
      writeWord(out, start + (zonePointers[i] ?? 0), 0xc000 | zoneStart);
    }
  }

  #writeOpt(out: Uint8Array, offset: number, rcode: Rcode, extendedError: ExtendedError | undefined): void {
    out[offset] = 0;
    writeWord(out, offset + 1, TYPE.OPT);
    writeWord(out, offset + 3, MAX_UDP_PAYLOAD);
    // Upper bits of the rcode, version 0, DO as asked, no other flag.
    out[offset + 5] = rcode >> 4;
    out[offset + 6] = 0;
    writeWord(out, offset + 7, this.#query.dnssecOk ? 0x8000 : 0);
    writeWord(out, offset + 9, extendedError === undefined ? 0 : EXTENDED_ERROR_LENGTH);
    if (extendedError !== undefined) {
      writeWord(out, offset + 11, EXTENDED_ERROR_OPTION);
      writeWord(out, offset + 13, 2);
      writeWord(out, offset + 15, extendedError);
    }
  }
}

/** What a thread's responder has besides its table. */
interface Parts {
  readonly demand: Demand;
  /** Asks other servers. */
  readonly forwarder: Pick<Forwarder, "forward">;
  /** A byte for each pool: see `USE_MARK`. */
  readonly uses: Uint8Array;
  /** Called at the first question about a pool, by its slot, that was awaited. */
  readonly asked: (slot: number) => void;
}

/** A name that questions end with. */
interface Origin {
  readonly domain: string;
  readonly wire: Uint8Array;
  /** How many there are in it. */
  readonly labels: number;
}

interface ConsulOrigins extends Pick<ConsulTable, "forwardTo" | "noData" | "unknownName"> {
  readonly origin: Origin;
  readonly addresses: Origin;
  readonly subtrees: readonly Origin[];
  /** Those under which services have names. */
  readonly services: readonly Origin[];
}

function origin(domain: string): Origin {
  return { domain, wire: encodeName(domain), labels: domain.split(".").length };
}

function consulOrigins({ domain, subtrees, ...rest }: ConsulTable): ConsulOrigins {
  const addresses = origin(`addr.${domain}`);
  const services = subtrees.filter((subtree) => subtree !== addresses.domain).map(origin);
  return { ...rest, origin: origin(domain), addresses, services, subtrees: [...services, addresses] };
}

function nodeOf(address: string | undefined, owner: string): EncodedName | undefined {
  return address === undefined ? undefined : encodeNode(owner, addressNode(owner, address));
}

function bare(rcode: Rcode): EncodedReply {
  return {
    rcode,
    authoritative: false,
    extendedError: undefined,
    mayWait: false,
    answerCount: 0,
    authorityCount: 0,
    additionalCount: 0,
    records: new Uint8Array(),
    requiredLength: 0,
    answerEnds: NO_ENDS,
    zonePointers: [],
    zoneLength: 0,
  };
}

const MALFORMED = bare(RCODE.FORMERR);
const UNSUPPORTED = bare(RCODE.NOTIMP);
const REFUSED = bare(RCODE.REFUSED);
const NOT_READY = bare(RCODE.SERVFAIL);
const FAILED = NOT_READY;
const COME_BY_TCP = bare(RCODE.NOERROR);
const BAD_VERSION = bare(RCODE.BADVERS);

function largestUdp(way: Way): number {
  return way === "udp" ? MAX_UDP_PAYLOAD : MAX_FAR_PAYLOAD;
}

/** How many of the ascending ends are within the space. */
function countFitting(ends: Uint16Array, space: number): number {
  const beyond = ends.findIndex((end) => end > space);
  return beyond === -1 ? ends.length : beyond;
}

function startsWith(label: Uint8Array, name: Uint8Array, start: number): boolean {
  return label.every((byte, i) => name[start + i] === byte);
}

function writeWord(out: Uint8Array, offset: number, word: number): void {
  out[offset] = word >> 8;
  out[offset + 1] = word & 0xff;
}
